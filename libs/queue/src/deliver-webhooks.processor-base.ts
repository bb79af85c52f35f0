import { MAX_WEBHOOKS } from '@app/kernel';
import { Processor } from '@nestjs/bullmq';
import { DELIVER_WEBHOOKS, deliverWebhooksPayload } from './deliver-webhooks.job.js';
import type { DeliverWebhooksQueue } from './deliver-webhooks.queue.js';
import { ProcessorBase } from './processor-base.js';

/** Marks the processor of the queue. */
export const DeliverWebhooksProcessor = (): ClassDecorator => Processor(DELIVER_WEBHOOKS, { autorun: false });

/** The consumer side of the queue, with a slot for every endpoint: none waits for another. */
export abstract class DeliverWebhooksProcessorBase extends ProcessorBase {
  constructor(queue: DeliverWebhooksQueue) {
    const id = deliverWebhooksPayload.transform(({ endpointId }) => endpointId);
    super({ name: DELIVER_WEBHOOKS, id, concurrency: () => MAX_WEBHOOKS, queue });
  }
}
