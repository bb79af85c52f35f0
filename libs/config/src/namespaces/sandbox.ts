import { text, defineNamespace, whole } from './namespace.js';

/** The stand-in for the vendor's CAS. It does not start in production. */
export const sandbox = defineNamespace({
  title: 'CAS sandbox (development only)',
  variables: {
    PORT: {
      schema: whole(0, 65_535),
      description: 'Port of the sandbox; 0 picks a free port and logs it.',
      default: '3003',
    },
    HOST: { schema: text, description: 'Listen address of the sandbox.', default: '127.0.0.1' },
    CAS_API_KEY: {
      schema: text,
      description: 'API key that the sandbox accepts.',
      secret: true,
      recipe: 'openssl rand -hex 16',
    },
    CAS_API_SECRET: {
      schema: text,
      description: 'API secret that the sandbox accepts.',
      secret: true,
      recipe: 'openssl rand -hex 32',
    },
    SANDBOX_LATENCY_MS: { schema: whole(0, 60_000), description: 'Latency added to every call, in ms.', default: '50' },
    SANDBOX_TOKEN_TTL_S: {
      schema: whole(1, 31_536_000),
      description: 'Lifetime of issued tokens, in s.',
      default: '7200',
    },
  },
  faults: (_values, { production }) => (production ? ['NODE_ENV: the CAS sandbox does not run in production'] : []),
  settings: (values) => ({
    port: values.PORT,
    host: values.HOST,
    apiKey: values.CAS_API_KEY,
    apiSecret: values.CAS_API_SECRET,
    latencyMs: values.SANDBOX_LATENCY_MS,
    tokenTtlS: values.SANDBOX_TOKEN_TTL_S,
  }),
});
