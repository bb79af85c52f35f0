import { defineNamespace, url, whole } from './namespace.js';

export const database = defineNamespace({
  title: 'Database',
  variables: {
    DATABASE_URL: {
      schema: url('postgres:', 'postgresql:'),
      description:
        'PostgreSQL 15 or newer, reached directly or through session pooling (transaction pooling breaks LISTEN).',
      secret: true,
    },
    DATABASE_POOL: { schema: whole(2, 200), description: 'Connections that this process may hold.', default: '10' },
    DATABASE_TIMEOUT_MS: {
      schema: whole(100, 60_000),
      description: 'The longest that a connect, a statement or a wait for a free connection may take, in ms.',
      default: '1200',
    },
    BOOT_TIMEOUT_S: {
      schema: whole(1, 3600),
      description: 'How long a starting process waits for what it needs before it exits non-zero, in s.',
      default: '60',
    },
  },
  settings: (values) => ({
    url: values.DATABASE_URL,
    pool: values.DATABASE_POOL,
    timeoutMs: values.DATABASE_TIMEOUT_MS,
    bootTimeoutMs: values.BOOT_TIMEOUT_S * 1000,
  }),
});
