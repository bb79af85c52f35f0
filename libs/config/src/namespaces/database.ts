import { z } from 'zod';
import { parsePostgresUrl, UrlFault } from '../urls/postgres-url.js';
import { defineNamespace, whole } from './namespace.js';

const postgresUrl = z.string().superRefine((value, context) => {
  try {
    parsePostgresUrl(value);
  } catch (error) {
    context.addIssue(error instanceof UrlFault ? error.message : 'must be a URL');
  }
});

export const database = defineNamespace({
  title: 'Database',
  variables: {
    DATABASE_URL: {
      schema: postgresUrl,
      description:
        'PostgreSQL 15 or newer, connected directly or through session pooling (transaction pooling breaks LISTEN).',
      secret: true,
      recipe: 'echo "postgres://watchtogether:$(openssl rand -hex 24)@localhost:5432/watchtogether"',
    },
    DATABASE_POOL: {
      schema: whole(2, 200),
      description: 'Maximum number of connections of this process.',
      default: '10',
    },
    DATABASE_TIMEOUT_MS: {
      schema: whole(100, 60_000),
      description: 'Timeout for connecting, for each statement and for acquiring a pooled connection, in ms.',
      default: '1200',
    },
    BOOT_TIMEOUT_S: {
      schema: whole(1, 3600),
      description:
        'How long a process waits at startup for the database and the queue before it exits with an error, in s.',
      default: '60',
    },
  },
  settings: (values, _context, files) => ({
    url: values.DATABASE_URL,
    /** The file it was read from, if any: reread when it changes. */
    urlFile: files.DATABASE_URL,
    pool: values.DATABASE_POOL,
    timeoutMs: values.DATABASE_TIMEOUT_MS,
    bootTimeoutMs: values.BOOT_TIMEOUT_S * 1000,
  }),
});
