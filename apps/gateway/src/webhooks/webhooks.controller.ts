import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ApiProblems, Operation } from '../openapi/responses.js';
import {
  ApiCreateWebhook,
  ApiRotateSecret,
  ApiUpdateWebhook,
  ApiWebhook,
  ApiWebhookList,
  BODY_PROBLEMS,
  WebhookId,
} from './webhook.openapi.js';
import { webhookDisclosed, webhookShown } from './webhook.presenter.js';
import {
  type CreateWebhookBody,
  createWebhookBody,
  optionalRotateSecretBody,
  type RotateSecretBody,
  type UpdateWebhookBody,
  updateWebhookBody,
  type WebhookList,
  type WebhookView,
  type WebhookWithSecretView,
} from './webhook.schemas.js';
import { WebhooksService } from './webhooks.service.js';

@ApiTags('Webhooks')
@Controller('v1/webhooks')
export class WebhooksController {
  constructor(private readonly service: WebhooksService) {}

  @Post()
  @Operation('createWebhook', 'Create a webhook', 'Events are signed with its secret, which only this response shows.')
  @ApiCreateWebhook()
  @ApiProblems('malformed', 'webhook-limit-reached', ...BODY_PROBLEMS, 'unavailable')
  async create(
    @CurrentCaller() caller: Caller,
    @Body({ schema: createWebhookBody }) body: CreateWebhookBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookWithSecretView> {
    const created = await this.service.create(body, caller.id);
    void reply.header('Location', `/v1/webhooks/${created.webhook.id}`);
    return webhookDisclosed(created);
  }

  @Get()
  @Operation('listWebhooks', 'List webhooks', 'Oldest first, without their secrets.')
  @ApiWebhookList()
  @ApiProblems('malformed', 'unavailable')
  async list(): Promise<WebhookList> {
    return { items: (await this.service.list()).map(webhookShown) };
  }

  @Get(':webhookId')
  @Operation('readWebhook', 'Read a webhook', 'Without its secret.')
  @WebhookId()
  @ApiWebhook()
  @ApiProblems('malformed', 'not-found', 'unavailable')
  async read(@Param('webhookId') id: string): Promise<WebhookView> {
    return webhookShown(await this.service.read(id));
  }

  @Patch(':webhookId')
  @Operation(
    'updateWebhook',
    'Change a webhook',
    'What is absent stays as it is. Enabling it resumes the deliveries that are pending, and forgets earlier failures.',
  )
  @WebhookId()
  @ApiUpdateWebhook()
  @ApiProblems('malformed', 'not-found', ...BODY_PROBLEMS, 'unavailable')
  async update(
    @CurrentCaller() caller: Caller,
    @Param('webhookId') id: string,
    @Body({ schema: updateWebhookBody }) body: UpdateWebhookBody,
  ): Promise<WebhookView> {
    return webhookShown(await this.service.update(id, body, caller.id));
  }

  @Delete(':webhookId')
  @HttpCode(204)
  @Operation('deleteWebhook', 'Delete a webhook', 'Nothing more is sent to it. Its deliveries can no longer be listed.')
  @WebhookId()
  @ApiResponse({ status: 204, description: 'The webhook is deleted' })
  @ApiProblems('malformed', 'not-found', 'body-too-large', 'unsupported-media-type', 'unavailable')
  async delete(@CurrentCaller() caller: Caller, @Param('webhookId') id: string): Promise<void> {
    await this.service.delete(id, caller.id);
  }

  @Post(':webhookId/rotate-secret')
  @HttpCode(200)
  @Operation(
    'rotateWebhookSecret',
    'Replace the secret of a webhook',
    'For 24 hours events carry two signatures, by the new secret and by the previous one. Refused within that time, unless forced.',
  )
  @WebhookId()
  @ApiRotateSecret()
  @ApiProblems('malformed', 'not-found', 'webhook-secret-rotated', ...BODY_PROBLEMS, 'unavailable')
  async rotateSecret(
    @CurrentCaller() caller: Caller,
    @Param('webhookId') id: string,
    @Body({ schema: optionalRotateSecretBody }) { force = false }: RotateSecretBody,
  ): Promise<WebhookWithSecretView> {
    return webhookDisclosed(await this.service.rotateSecret(id, force, caller.id));
  }
}
