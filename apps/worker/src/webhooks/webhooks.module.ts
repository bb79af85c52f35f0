import { EgressModule } from '@app/egress';
import { EntitiesModule } from '@app/entities';
import { DeliverWebhooksQueueModule } from '@app/queue';
import { SealingModule } from '@app/sealing';
import { type DynamicModule, Module } from '@nestjs/common';
import { JobsModule } from '../jobs/jobs.module.js';
import { DeliverWebhooksHandler } from './deliver-webhooks.handler.js';
import { DeliverWebhooksJobs } from './deliver-webhooks.processor.js';
import { WebhookClient } from './webhook-client.js';
import { WebhookMetrics } from './webhook.metrics.js';

/** Delivers webhooks: a queue and a concurrency of its own. */
@Module({})
export class WebhooksModule {
  static register(): DynamicModule {
    const queue = DeliverWebhooksQueueModule.register();
    return {
      module: WebhooksModule,
      imports: [queue, JobsModule, EgressModule, EntitiesModule, SealingModule],
      providers: [DeliverWebhooksJobs, DeliverWebhooksHandler, WebhookClient, WebhookMetrics],
      exports: [queue],
    };
  }
}
