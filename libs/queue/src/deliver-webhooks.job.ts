import { WEBHOOK_ID } from '@app/kernel';
import type { JobsOptions } from 'bullmq';
import { z } from 'zod';

/** Name of the queue and of its only job. Part of the public interface: dashboards and alerts refer to it. */
export const DELIVER_WEBHOOKS = 'deliver-webhooks';

/**
 * A job delivers what is due for one endpoint, and its id is that of the endpoint: two workers call one
 * endpoint at the same time only while one that has lost its lock finishes its requests, and an endpoint never takes more than one slot of a worker.
 */
export const deliverWebhooksPayload = z.strictObject({ endpointId: z.string().regex(WEBHOOK_ID) });

export type DeliverWebhooksPayload = z.output<typeof deliverWebhooksPayload>;

/** The rows are the record: finished jobs are removed, since a kept one would block its id. */
export const DELIVER_WEBHOOKS_OPTIONS: JobsOptions = {
  attempts: 1_000_000_000,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
  stackTraceLimit: 1,
};
