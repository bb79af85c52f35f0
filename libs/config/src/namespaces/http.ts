import { z } from 'zod';
import { optionalText, onOff, origins, defineNamespace, whole } from './namespace.js';

const hops = z.union([z.literal('off').transform(() => 0), whole(1, 10)], { error: 'must be off or 1 to 10' });

export const http = defineNamespace({
  title: 'Gateway',
  variables: {
    PORT: { schema: whole(0, 65_535), description: 'Public port; 0 picks a free port and logs it.', default: '3000' },
    HOST: {
      schema: optionalText,
      description: 'Listen address. If unset: 127.0.0.1 in development, otherwise 0.0.0.0.',
    },
    SWAGGER: { schema: onOff, description: 'Serve /docs and /openapi.json: on or off.', default: 'on' },
    CORS_ORIGINS: {
      schema: origins,
      description: 'Origins allowed to call /v1 and read /openapi.json (CORS), comma-separated. If unset: none.',
      default: '',
    },
    MAX_CONNECTIONS: {
      schema: whole(1, 1_000_000),
      description: 'Maximum number of open connections; above this, new connections are closed without a response.',
      default: '50000',
    },
    MAX_WAITS: {
      schema: whole(0, 1_000_000),
      description: 'Maximum number of held requests (Prefer: wait); above this, requests are answered immediately.',
      default: '20000',
    },
    MAX_SSE_CONNECTIONS: {
      schema: whole(0, 1_000_000),
      description: 'Maximum number of open SSE connections; above this, new ones are rejected with 503.',
      default: '10000',
    },
    STREAM_HEARTBEAT_S: {
      schema: whole(1, 300),
      description: 'Heartbeat interval of idle SSE connections, in s.',
      default: '15',
    },
    TRUST_PROXY: {
      schema: hops,
      description: 'Number of trusted proxies in front of the gateway (X-Forwarded-For), 1 to 10, or off.',
      default: 'off',
    },
    LOG_REQUESTS: {
      schema: z.enum(['all', 'errors', 'off']),
      description:
        'Which requests have a line in the log: all; errors, those answered with 400 and above; off, only refusals (401, 403, 409, 422, 429) and faults (500 and above).',
      default: 'all',
    },
    DRAIN_MS: {
      schema: whole(0, 600_000),
      description: 'How long the gateway keeps serving after SIGTERM, so that load balancers can drain it, in ms.',
      default: '0',
    },
  },
  renamed: { MAX_STREAMS: 'MAX_SSE_CONNECTIONS' },
  settings: (values, { production, development }) => ({
    port: values.PORT,
    host: values.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    swagger: values.SWAGGER,
    /** Whether `GET /` lists what the gateway serves: in development only. */
    index: development,
    corsOrigins: values.CORS_ORIGINS,
    maxConnections: values.MAX_CONNECTIONS,
    maxWaits: values.MAX_WAITS,
    maxSseConnections: values.MAX_SSE_CONNECTIONS,
    streamHeartbeatMs: values.STREAM_HEARTBEAT_S * 1000,
    trustedProxies: values.TRUST_PROXY,
    logRequests: values.LOG_REQUESTS,
    drainMs: values.DRAIN_MS,
  }),
});
