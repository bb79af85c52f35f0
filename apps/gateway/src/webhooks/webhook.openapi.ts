import { applyDecorators } from '@nestjs/common';
import { ApiBody, type ApiBodyOptions, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { DELIVERY_STATUSES } from '@app/kernel';
import type { z } from 'zod';
import { EXAMPLE_TOKEN_ID, header, REQUEST_ID } from '../openapi/responses.js';
import type { ProblemCode } from '../problems/problem-codes.js';
import {
  createWebhookBody,
  type DeliveryPage,
  deliveryPage,
  queuedView,
  replayBody,
  replayedView,
  rotateSecretBody,
  updateWebhookBody,
  webhookList,
  type WebhookView,
  webhookView,
  webhookWithSecretView,
} from './webhook.schemas.js';

const ID = 'whe_7Kq2mZ9tXc4RvB1nLp6WdY';
const DELIVERY = 'msg_5f0c9a3be1d24c7f8b6a20d9e4c1b735';

const WEBHOOK: WebhookView = {
  id: ID,
  url: 'https://hooks.example.com/watchtogether',
  types: ['session.ready', 'session.closed'],
  roomPrefix: 'match-',
  description: 'Match service',
  includeMetadata: false,
  enabled: true,
  disabledReason: null,
  failingSince: null,
  previousSecretUntil: null,
  createdAt: '2026-11-24T20:59:00.000Z',
};

const DELIVERIES: DeliveryPage = {
  items: [
    {
      id: DELIVERY,
      type: 'session.ready',
      session: EXAMPLE_TOKEN_ID,
      status: 'pending',
      createdAt: '2026-11-24T20:59:00.180Z',
      nextAttemptAt: '2026-11-24T20:59:05.900Z',
      attempts: [{ at: '2026-11-24T20:59:00.460Z', durationMs: 41, status: 503, error: null, reply: 'try later' }],
    },
  ],
  nextCursor: null,
};

/** Problems of routes that read a body. */
export const BODY_PROBLEMS: ProblemCode[] = ['body-too-large', 'unsupported-media-type', 'validation-failed'];

const body = (standardSchema: z.ZodType, required: boolean, examples: Record<string, object>): MethodDecorator =>
  ApiBody({
    required,
    // Supported by the library, but missing from its types.
    standardSchema,
    examples: Object.fromEntries(Object.entries(examples).map(([summary, value]) => [summary, { summary, value }])),
  } as ApiBodyOptions);

const reply = (status: number, description: string, standardSchema: z.ZodType, value: object): MethodDecorator =>
  ApiResponse({
    status,
    description,
    standardSchema,
    examples: { reply: { summary: description, value } },
    headers: { ...REQUEST_ID, ...(status === 201 && { Location: header('URL of the webhook', `/v1/webhooks/${ID}`) }) },
  });

const { url, types } = WEBHOOK;

export const ApiCreateWebhook = (): MethodDecorator =>
  applyDecorators(
    body(createWebhookBody, true, {
      required: { url, types },
      everything: {
        url,
        types,
        roomPrefix: 'match-',
        description: 'Match service',
        includeMetadata: true,
        enabled: true,
      },
    }),
    reply(201, 'The webhook with its secret, this once', webhookWithSecretView, {
      ...WEBHOOK,
      secret: 'whsec_<base64>',
    }),
  );

export const ApiUpdateWebhook = (): MethodDecorator =>
  applyDecorators(
    body(updateWebhookBody, true, { enable: { enabled: true }, types: { types: ['session.failed'] } }),
    ApiWebhook(),
  );

export const ApiRotateSecret = (): MethodDecorator =>
  applyDecorators(
    body(rotateSecretBody, false, { usual: {}, force: { force: true } }),
    reply(200, 'The webhook with its new secret, this once', webhookWithSecretView, {
      ...WEBHOOK,
      previousSecretUntil: '2026-11-25T20:59:00.000Z',
      secret: 'whsec_<base64>',
    }),
  );

export const ApiReplay = (): MethodDecorator =>
  applyDecorators(
    body(replayBody, true, {
      failed: { since: '2026-11-24T20:00:00Z' },
      all: { since: '2026-11-24T20:00:00Z', only: 'all' },
    }),
    reply(202, 'How many are sent again', replayedView, { replayed: 12, nextSince: null }),
  );

export const ApiWebhook = (): MethodDecorator => reply(200, 'The webhook', webhookView, WEBHOOK);
export const ApiWebhookList = (): MethodDecorator => reply(200, 'All webhooks', webhookList, { items: [WEBHOOK] });
export const ApiQueued = (): MethodDecorator => reply(202, 'It is sent', queuedView, { delivery: DELIVERY });

/** A page of deliveries, and its query. */
export const ApiDeliveries = (): MethodDecorator =>
  applyDecorators(
    ApiQuery({ name: 'status', required: false, schema: { type: 'string', enum: [...DELIVERY_STATUSES] } }),
    ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } }),
    ApiQuery({
      name: 'cursor',
      required: false,
      description: '`nextCursor` of the previous page',
      schema: { type: 'string' },
    }),
    reply(200, 'A page of deliveries, newest first', deliveryPage, DELIVERIES),
  );

export const WebhookId = (): MethodDecorator =>
  ApiParam({ name: 'webhookId', description: 'Id of the webhook', schema: { type: 'string' }, example: ID });

export const DeliveryId = (): MethodDecorator =>
  ApiParam({ name: 'deliveryId', description: 'Id of the delivery', schema: { type: 'string' }, example: DELIVERY });
