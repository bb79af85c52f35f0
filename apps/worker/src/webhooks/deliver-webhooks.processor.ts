import { StoreUnavailableError } from '@app/kernel';
import { Health, LOG, type Log } from '@app/observability';
import {
  DELIVER_WEBHOOKS,
  DeliverWebhooksProcessor,
  DeliverWebhooksProcessorBase,
  DeliverWebhooksQueue,
  type JobResult,
} from '@app/queue';
import { Inject } from '@nestjs/common';
import { JobsMetrics } from '../jobs/jobs.metrics.js';
import { DeliverWebhooksHandler } from './deliver-webhooks.handler.js';

/** Delay of a job while the database is unavailable, in ms. */
const STORE_AWAY_WAIT_MS = 1000;

/** Processes `deliver-webhooks` jobs: passes each to the handler and settles it. */
@DeliverWebhooksProcessor()
export class DeliverWebhooksJobs extends DeliverWebhooksProcessorBase {
  constructor(
    queue: DeliverWebhooksQueue,
    @Inject(LOG) private readonly jobLog: Log,
    private readonly handler: DeliverWebhooksHandler,
    private readonly metrics: JobsMetrics,
    health: Health,
  ) {
    super(queue);
    health.registerLive('webhook-loop', () => this.isAlive());
  }

  protected override onUnknownJob(): void {
    super.onUnknownJob();
    this.metrics.recordUnknown(DELIVER_WEBHOOKS);
  }

  protected override async run(endpointId: string, signal: AbortSignal | undefined): Promise<JobResult> {
    try {
      await this.handler.deliverDue(endpointId, signal);
      return { kind: 'done' };
    } catch (err) {
      if (!(err instanceof StoreUnavailableError))
        this.jobLog.error({ webhook: endpointId, err }, 'job failed with an unexpected error, will be retried');
      return { kind: 'retry', afterMs: STORE_AWAY_WAIT_MS };
    }
  }

  override async onModuleDestroy(): Promise<void> {
    this.handler.stop();
    await super.onModuleDestroy();
  }
}
