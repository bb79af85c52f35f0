import { Queue, type QueueOptions } from 'bullmq';

/** The listeners that tell operators are attached later, in the queues and in ProcessorBase. */
export const ignore = (): void => undefined;

/** BullMQ prints errors without a listener to standard error, with whatever Redis says of a wrong password. */
export class ListenedQueue extends Queue {
  constructor(...given: [name: string, options: QueueOptions]) {
    super(...given);
    this.on('error', ignore);
  }
}
