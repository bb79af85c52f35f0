import { WebhookLogRepository } from '@app/entities';
import { DELIVERY_ID } from '@app/kernel';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ApiProblems, Operation } from '../openapi/responses.js';
import { ProblemError } from '../problems/problem.js';
import { type ListDeliveriesQuery, listDeliveriesQuery } from './list-deliveries.query.js';
import { ApiDeliveries, ApiQueued, ApiReplay, BODY_PROBLEMS, DeliveryId, WebhookId } from './webhook.openapi.js';
import { deliveriesShown } from './webhook.presenter.js';
import {
  type DeliveryPage,
  type QueuedView,
  type ReplayBody,
  replayBody,
  type ReplayedView,
} from './webhook.schemas.js';
import { WebhooksService } from './webhooks.service.js';

/** What was sent to an endpoint, and what is to be sent again. Workers send it, within a second. */
@ApiTags('Webhooks')
@Controller('v1/webhooks/:webhookId')
export class WebhookDeliveriesController {
  constructor(
    private readonly service: WebhooksService,
    private readonly deliveries: WebhookLogRepository,
  ) {}

  @Post('ping')
  @HttpCode(202)
  @Operation('pingWebhook', 'Ping a webhook', 'Sends an event of the type `webhook.ping`, whatever types it asks for.')
  @WebhookId()
  @ApiQueued()
  @ApiProblems('malformed', 'not-found', 'webhook-disabled', 'body-too-large', 'unsupported-media-type', 'unavailable')
  async ping(@Param('webhookId') id: string): Promise<QueuedView> {
    const webhook = await this.service.readEnabled(id);
    return { delivery: await this.deliveries.ping(webhook.id) };
  }

  @Get('deliveries')
  @Operation(
    'listWebhookDeliveries',
    'List the deliveries of a webhook',
    'Newest first, with every attempt. Kept for `WEBHOOK_RETENTION_S` (14 days).',
  )
  @WebhookId()
  @ApiDeliveries()
  @ApiProblems('malformed', 'not-found', 'validation-failed', 'unavailable')
  async list(
    @Param('webhookId') id: string,
    @Query({ schema: listDeliveriesQuery }) { cursor, ...filter }: ListDeliveriesQuery,
  ): Promise<DeliveryPage> {
    const webhook = await this.service.read(id);
    const { deliveries, next } = await this.deliveries.list({ endpointId: webhook.id, ...filter, after: cursor });
    return deliveriesShown(deliveries, next);
  }

  @Post('deliveries/:deliveryId/replay')
  @HttpCode(202)
  @Operation('replayWebhookDelivery', 'Send a delivery again', 'With the same `webhook-id`, signed anew.')
  @WebhookId()
  @DeliveryId()
  @ApiQueued()
  @ApiProblems('malformed', 'not-found', 'webhook-disabled', 'body-too-large', 'unsupported-media-type', 'unavailable')
  async replay(
    @CurrentCaller() { id: actor }: Caller,
    @Param('webhookId') id: string,
    @Param('deliveryId') deliveryId: string,
  ): Promise<QueuedView> {
    const webhook = await this.service.readEnabled(id);
    const replayed = DELIVERY_ID.test(deliveryId) && (await this.deliveries.replay(webhook.id, deliveryId, { actor }));
    if (!replayed) throw new ProblemError('not-found', { detail: 'Delivery not found' });
    return { delivery: deliveryId };
  }

  @Post('replay')
  @HttpCode(202)
  @Operation(
    'replayWebhook',
    'Send deliveries again',
    'Those that failed since a time, or all since then, each with the same `webhook-id`. At most 10,000 per request.',
  )
  @WebhookId()
  @ApiReplay()
  @ApiProblems('malformed', 'not-found', 'webhook-disabled', ...BODY_PROBLEMS, 'unavailable')
  async replaySince(
    @CurrentCaller() { id: actor }: Caller,
    @Param('webhookId') id: string,
    @Body({ schema: replayBody }) { since, only = 'failed' }: ReplayBody,
  ): Promise<ReplayedView> {
    const webhook = await this.service.readEnabled(id);
    const { replayed, nextSince } = await this.deliveries.replaySince(webhook.id, new Date(since), only, { actor });
    return { replayed, nextSince: nextSince?.toISOString() ?? null };
  }
}
