import { z } from 'zod';
import { defineNamespace, url, whole } from './namespace.js';

export const queue = defineNamespace({
  title: 'Queue',
  variables: {
    REDIS_URL: {
      schema: url('redis:', 'rediss:').optional(),
      description: 'Where the queue lives. Without it the queue lives in PostgreSQL. Redis must run with noeviction.',
      secret: true,
    },
    QUEUE_PREFIX: {
      schema: z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9 and -'),
      description: 'Keeps this deployment apart from others on the same Redis.',
      default: 'wt',
    },
    QUEUE_ADD_TIMEOUT_MS: {
      schema: whole(10, 10_000),
      description:
        'How long one command to the queue may take, in ms. Past it jobs are added again later; no request waits for it.',
      default: '1000',
    },
    MINT_LOCK_MS: {
      schema: whole(500, 600_000),
      description: 'How long a job stays with a worker that gives no sign of life, in ms.',
      default: '15000',
    },
    MINT_STALLED_MS: {
      schema: whole(200, 600_000),
      description: 'How often workers look for jobs whose worker died, in ms.',
      default: '5000',
    },
  },
  settings: (values) => ({
    redisUrl: values.REDIS_URL,
    prefix: values.QUEUE_PREFIX,
    addTimeoutMs: values.QUEUE_ADD_TIMEOUT_MS,
    lockMs: values.MINT_LOCK_MS,
    stalledMs: values.MINT_STALLED_MS,
  }),
});
