import { z } from 'zod';
import { defineNamespace, url, whole } from './namespace.js';

export const queue = defineNamespace({
  title: 'Queue',
  variables: {
    REDIS_URL: {
      schema: url('redis:', 'rediss:').optional(),
      description: 'Redis for the queue, with maxmemory-policy noeviction. If unset, the queue is kept in PostgreSQL.',
      secret: true,
      recipe: 'echo "redis://:$(openssl rand -hex 24)@localhost:6379"',
    },
    QUEUE_PREFIX: {
      schema: z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 characters of a-z, 0-9 and -'),
      description: 'Key prefix that separates deployments sharing one Redis.',
      default: 'wt',
    },
    QUEUE_ADD_TIMEOUT_MS: {
      schema: whole(10, 10_000),
      description:
        'Timeout of one queue command, in ms. After a timeout the jobs are added again later; requests never wait for the queue.',
      default: '1000',
    },
    MINT_LOCK_MS: {
      schema: whole(500, 600_000),
      description: 'How long a job stays locked by a worker that has stopped renewing the lock, in ms.',
      default: '15000',
    },
    MINT_STALLED_MS: {
      schema: whole(200, 600_000),
      description: 'How often workers check for stalled jobs, in ms.',
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
