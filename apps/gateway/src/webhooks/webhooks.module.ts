import { EntitiesModule } from '@app/entities';
import { SealingModule } from '@app/sealing';
import { Module } from '@nestjs/common';
import { WebhookDeliveriesController } from './webhook-deliveries.controller.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

/** The receivers of webhooks and what was sent to them. Workers send it. */
@Module({
  imports: [EntitiesModule, SealingModule],
  controllers: [WebhooksController, WebhookDeliveriesController],
  providers: [WebhooksService],
  exports: [WebhooksService],
})
export class WebhooksModule {}
