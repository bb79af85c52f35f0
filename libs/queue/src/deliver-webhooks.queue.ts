import { ConfigService, type SettingsService } from '@app/config';
import { StoreOutageLog } from '@app/connections';
import { StoreUnavailableError, withTimeout } from '@app/kernel';
import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { DELIVER_WEBHOOKS, DELIVER_WEBHOOKS_OPTIONS, type DeliverWebhooksPayload } from './deliver-webhooks.job.js';
import { QueueStore } from './queue-store.js';

/** The producer side of the queue. A job is only a hint that an endpoint has deliveries that are due. */
@Injectable()
export class DeliverWebhooksQueue implements OnModuleInit {
  private readonly availability: StoreOutageLog;

  constructor(
    @InjectQueue(DELIVER_WEBHOOKS) private readonly queue: Queue<DeliverWebhooksPayload>,
    @Inject(ConfigService) private readonly config: SettingsService<'queue'>,
    private readonly store: QueueStore,
  ) {
    const meanwhile = 'webhooks are delivered when it is back';
    const log = new Logger(DeliverWebhooksQueue.name);
    this.availability = new StoreOutageLog({ log, store: 'queue', place: () => this.place, meanwhile });
  }

  onModuleInit(): void {
    this.queue.on('error', (error) => {
      this.availability.failed(error);
    });
  }

  /** Where the queue is stored: an address without credentials, for logs. */
  get place(): string {
    return this.store.place;
  }

  /** @throws StoreUnavailableError on timeout; the jobs may still be added later */
  async add(endpointIds: readonly string[]): Promise<void> {
    const jobs = endpointIds.map((endpointId) => ({
      name: DELIVER_WEBHOOKS,
      data: { endpointId },
      opts: { ...DELIVER_WEBHOOKS_OPTIONS, jobId: endpointId },
    }));
    await this.bounded(this.queue.addBulk(jobs));
  }

  /** The number of waiting jobs. @throws StoreUnavailableError */
  async counts(): Promise<{ waiting: number }> {
    return (await this.bounded(this.queue.getJobCounts('waiting'))) as { waiting: number };
  }

  /** BullMQ waits forever for an unavailable store; here every wait is bounded. */
  private async bounded<T>(work: Promise<T>): Promise<T> {
    const { addTimeoutMs } = this.config.get('queue', { infer: true });
    try {
      const result = await withTimeout(addTimeoutMs, work, () => new Error('no response'));
      this.availability.recovered();
      return result;
    } catch (error) {
      this.availability.failed(error);
      throw new StoreUnavailableError('queue', { cause: error });
    }
  }
}
