import { defineNamespace, whole } from './namespace.js';

export const mint = defineNamespace({
  title: 'Worker',
  variables: {
    MINT_CONCURRENCY: {
      schema: whole(1, 10_000),
      description: 'Jobs that one worker processes concurrently. A job spends most of its time waiting for CAS.',
      default: '50',
    },
    POOL_REFILL_CONCURRENCY: {
      schema: whole(1, 1000),
      description:
        'Sets of tokens that one worker mints ahead concurrently for the warm pool, while the pool is below its target and no session waits.',
      default: '10',
    },
    SWEEP_EVERY_MS: {
      schema: whole(100, 60_000),
      description:
        'How often a worker runs its maintenance: lost jobs, expiry, deadlines, retention, in ms. Expiry at least once a second.',
      default: '2500',
    },
    EXPIRY_NOTICE_S: {
      schema: whole(0, 86_400),
      description:
        'How long before its end the expiry of a session is announced (SSE event expiring, webhook session.expiring), in s. Not for sessions that live no longer than this; 0 for none.',
      default: '600',
    },
    RETENTION_S: {
      schema: whole(1, 315_360_000),
      description:
        'Retention of closed, expired and failed sessions, in s. Their tokens are erased when they close or expire.',
      default: '2592000',
    },
    AUDIT_RETENTION_S: {
      schema: whole(1, 315_360_000),
      description: 'Retention of the audit trail, in s.',
      default: '2592000',
    },
  },
  settings: (values) => ({
    concurrency: values.MINT_CONCURRENCY,
    poolRefillConcurrency: values.POOL_REFILL_CONCURRENCY,
    sweepEveryMs: values.SWEEP_EVERY_MS,
    expiryNoticeS: values.EXPIRY_NOTICE_S,
    retentionS: values.RETENTION_S,
    auditRetentionS: values.AUDIT_RETENTION_S,
  }),
});
