import { defineNamespace, whole } from './namespace.js';

export const mint = defineNamespace({
  title: 'Worker',
  variables: {
    MINT_CONCURRENCY: {
      schema: whole(1, 10_000),
      description: 'Jobs that one worker runs at a time. Each waits for CAS most of its life.',
      default: '50',
    },
    SWEEP_EVERY_MS: {
      schema: whole(100, 60_000),
      description:
        'How often a worker looks for sessions that lost their job, are expired or past their deadline, in ms.',
      default: '2500',
    },
    RETENTION_S: {
      schema: whole(1, 315_360_000),
      description: 'How long closed, expired and failed sessions are kept, in s. Their tokens are gone long before.',
      default: '2592000',
    },
    AUDIT_RETENTION_S: {
      schema: whole(1, 315_360_000),
      description: 'How long the audit trail is kept, in s.',
      default: '2592000',
    },
  },
  settings: (values) => ({
    concurrency: values.MINT_CONCURRENCY,
    sweepEveryMs: values.SWEEP_EVERY_MS,
    retentionS: values.RETENTION_S,
    auditRetentionS: values.AUDIT_RETENTION_S,
  }),
});
