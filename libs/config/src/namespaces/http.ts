import { z } from 'zod';
import { optionalText, onOff, origins, defineNamespace, whole } from './namespace.js';

const hops = z.union([z.literal('off').transform(() => 0), whole(1, 10)], { error: 'must be off, or 1 to 10' });

export const http = defineNamespace({
  title: 'Gateway',
  variables: {
    PORT: {
      schema: whole(0, 65_535),
      description: 'The public port; 0 picks a free one and logs it.',
      default: '3000',
    },
    HOST: {
      schema: optionalText,
      description: 'The address to listen on: 127.0.0.1 in development, else 0.0.0.0.',
    },
    SWAGGER: { schema: onOff, description: 'Whether /docs and /openapi.json are served: on or off.', default: 'on' },
    CORS_ORIGINS: {
      schema: origins,
      description: 'Origins whose pages may call /v1 and read /openapi.json (CORS), comma-separated. Without it: none.',
      default: '',
    },
    MAX_CONNECTIONS: {
      schema: whole(1, 1_000_000),
      description: 'Connections that may be open at one time; those beyond it are closed unanswered.',
      default: '50000',
    },
    MAX_WAITS: {
      schema: whole(0, 1_000_000),
      description: 'Requests that may be held by Prefer: wait at one time; beyond it the answer comes at once.',
      default: '20000',
    },
    MAX_SSE_CONNECTIONS: {
      schema: whole(0, 1_000_000),
      description: 'Event streams that may be open at one time; beyond it the answer is 503.',
      default: '10000',
    },
    STREAM_HEARTBEAT_S: {
      schema: whole(1, 300),
      description: 'How often an event stream on which nothing happens shows that it is alive, in s.',
      default: '15',
    },
    TRUST_PROXY: {
      schema: hops,
      description:
        'How many proxies in front of the gateway are trusted to say where a request comes from (X-Forwarded-For), or off.',
      default: 'off',
    },
    DRAIN_MS: {
      schema: whole(0, 600_000),
      description: 'How long the gateway goes on serving after SIGTERM, so that load balancers notice, in ms.',
      default: '0',
    },
  },
  renamed: { MAX_STREAMS: 'MAX_SSE_CONNECTIONS' },
  settings: (values, { production }) => ({
    port: values.PORT,
    host: values.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    swagger: values.SWAGGER,
    corsOrigins: values.CORS_ORIGINS,
    maxConnections: values.MAX_CONNECTIONS,
    maxWaits: values.MAX_WAITS,
    maxSseConnections: values.MAX_SSE_CONNECTIONS,
    streamHeartbeatMs: values.STREAM_HEARTBEAT_S * 1000,
    trustedProxies: values.TRUST_PROXY,
    drainMs: values.DRAIN_MS,
  }),
});
