import { z } from 'zod';
import { defineNamespace, whole } from './namespace.js';
import { redisFaults, redisSettings, redisVariables } from './redis.js';

export const queue = defineNamespace({
  title: 'Queue',
  variables: {
    ...redisVariables,
    QUEUE_PREFIX: {
      schema: z.string().regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 characters of a-z, 0-9 and -'),
      description: 'Prefix of all keys in Redis (wt: …), which separates deployments sharing one Redis.',
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
  faults: (values) => redisFaults(values),
  settings: (values, _context, files) => ({
    ...redisSettings(values, files),
    prefix: values.QUEUE_PREFIX,
    addTimeoutMs: values.QUEUE_ADD_TIMEOUT_MS,
    lockMs: values.MINT_LOCK_MS,
    stalledMs: values.MINT_STALLED_MS,
  }),
});
