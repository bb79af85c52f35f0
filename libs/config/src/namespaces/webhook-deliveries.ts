import { defineNamespace, whole } from './namespace.js';

/** How workers deliver webhooks. */
export const webhookDeliveries = defineNamespace({
  title: 'Webhook deliveries',
  variables: {
    WEBHOOK_TIMEOUT_MS: {
      schema: whole(100, 15_000),
      description: 'Timeout of one attempt, from the resolution of the host name to the last byte, in ms.',
      default: '15000',
    },
    WEBHOOK_RETENTION_S: {
      // An event is attempted for at most 6.3 days, if each Retry-After doubles the wait.
      schema: whole(604_800, 315_360_000),
      description:
        'Retention of webhook events with their attempts, in s: how far back they can be listed and replayed.',
      default: '1209600',
    },
  },
  settings: (values) => ({ timeoutMs: values.WEBHOOK_TIMEOUT_MS, retentionS: values.WEBHOOK_RETENTION_S }),
});
