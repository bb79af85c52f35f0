import { text, defineNamespace, whole } from './namespace.js';

/** The stand-in for the vendor's CAS. It refuses production. */
export const sandbox = defineNamespace({
  title: 'CAS sandbox (development only)',
  variables: {
    PORT: {
      schema: whole(0, 65_535),
      description: 'The port of the sandbox; 0 picks a free one and logs it.',
      default: '3003',
    },
    HOST: { schema: text, description: 'The address that the sandbox listens on.', default: '127.0.0.1' },
    CAS_API_KEY: { schema: text, description: 'The API key that the sandbox accepts.', secret: true },
    CAS_API_SECRET: { schema: text, description: 'The API secret that the sandbox accepts.', secret: true },
    SANDBOX_LATENCY_MS: { schema: whole(0, 60_000), description: 'How long every call takes, in ms.', default: '50' },
    SANDBOX_TOKEN_TTL_S: {
      schema: whole(1, 31_536_000),
      description: 'The life of its tokens, in s.',
      default: '7200',
    },
  },
  faults: (_values, { production }) => (production ? ['NODE_ENV: the CAS sandbox refuses to run in production'] : []),
  settings: (values) => ({
    port: values.PORT,
    host: values.HOST,
    apiKey: values.CAS_API_KEY,
    apiSecret: values.CAS_API_SECRET,
    latencyMs: values.SANDBOX_LATENCY_MS,
    tokenTtlS: values.SANDBOX_TOKEN_TTL_S,
  }),
});
