import {
  DELIVERY_STATUSES,
  DISABLED_REASONS,
  MAX_WEBHOOK_URL,
  MAX_WEBHOOKS,
  roomPrefixFault,
  WEBHOOK_TYPES,
  webhookDescriptionFault,
  webhookUrlFault,
} from '@app/kernel';
import { z } from 'zod';
import { checkedText } from '../http/checked-text.js';

const object = {
  error: (issue: { code?: string }) => (issue.code === 'invalid_type' ? 'must be an object' : undefined),
};
const flag = z.boolean({ error: 'must be true or false' });

/** Where to. Which addresses may be called is up to the service. */
const url = checkedText(webhookUrlFault, 'must be a URL')
  .transform((text) => new URL(text).href)
  .meta({
    type: 'string',
    format: 'uri',
    maxLength: MAX_WEBHOOK_URL,
    description: 'An https URL with public addresses; others only as far as `WEBHOOK_ALLOW` names them.',
    example: 'https://hooks.example.com/watchtogether',
  });

const types = z
  .array(z.enum(WEBHOOK_TYPES, { error: `must be one of ${WEBHOOK_TYPES.join(', ')}` }), { error: 'must be an array' })
  .refine((names) => names.length > 0, { error: 'must name at least one type' })
  .refine((names) => new Set(names).size === names.length, { error: 'must not name a type twice' })
  .meta({
    minItems: 1,
    maxItems: WEBHOOK_TYPES.length,
    uniqueItems: true,
    description: 'Types of events to send. `webhook.ping` is sent on request, whatever is named here.',
  });

const roomPrefix = checkedText(roomPrefixFault, 'must be text or null')
  .transform((text) => text.normalize('NFC'))
  .nullable()
  .meta({
    description:
      'Only sessions of rooms whose names begin with this. Null for all sessions, those without a room included.',
    example: 'match-',
  });

const description = checkedText(webhookDescriptionFault, 'must be text or null')
  .nullable()
  .meta({ description: 'For people.', example: 'Match service' });

const optional = {
  roomPrefix: roomPrefix.exactOptional(),
  description: description.exactOptional(),
  enabled: flag.exactOptional().meta({ description: 'While it is false no events are recorded. Default: true.' }),
  includeMetadata: flag
    .exactOptional()
    .meta({ description: 'Whether events carry the metadata of their session. Default: false.' }),
};

export const createWebhookBody = z.strictObject({ url, types, ...optional }, object).meta({ id: 'WebhookCreation' });
export type CreateWebhookBody = z.output<typeof createWebhookBody>;

/** What is absent stays as it is. */
export const updateWebhookBody = z
  .strictObject({ url: url.exactOptional(), types: types.exactOptional(), ...optional }, object)
  .meta({ id: 'WebhookUpdate' });
export type UpdateWebhookBody = z.output<typeof updateWebhookBody>;

export const rotateSecretBody = z
  .strictObject(
    {
      force: flag.exactOptional().meta({
        description:
          'Replace the secret even if it was replaced within 24 hours: the one before that stops signing at once.',
      }),
    },
    object,
  )
  .meta({ id: 'WebhookSecretRotation' });
export type RotateSecretBody = z.output<typeof rotateSecretBody>;
export const optionalRotateSecretBody = z.preprocess((body) => (body === undefined ? {} : body), rotateSecretBody);

const NO_TIME = 'must be an ISO 8601 time with its zone, such as 2026-11-25T20:00:00Z';

export const replayBody = z
  .strictObject(
    {
      since: z.iso
        .datetime({ offset: true, error: NO_TIME })
        .refine((text) => new Date(text).getUTCFullYear() >= 1, { error: NO_TIME })
        .meta({ description: 'Only events from this time on.' }),
      only: z
        .enum(['failed', 'all'], { error: 'must be failed or all' })
        .exactOptional()
        .meta({ description: '`failed` (the default) or `all` that are delivered or failed.' }),
    },
    object,
  )
  .meta({ id: 'WebhookReplay' });
export type ReplayBody = z.output<typeof replayBody>;

const time = z.iso.datetime();

/** An endpoint, without its secret. */
export const webhookView = z
  .strictObject({
    id: z.string(),
    url: z.string(),
    types: z.array(z.enum(WEBHOOK_TYPES)),
    roomPrefix: z.string().nullable(),
    description: z.string().nullable(),
    includeMetadata: z.boolean(),
    enabled: z.boolean(),
    disabledReason: z
      .enum(DISABLED_REASONS)
      .nullable()
      .meta({ description: '`owner`, `gone` (it answered 410), or `failing` (for five days); null while enabled.' }),
    failingSince: time.nullable().meta({ description: 'The first failure since the last success.' }),
    previousSecretUntil: time.nullable().meta({ description: 'Until when the replaced secret signs too.' }),
    createdAt: time,
  })
  .meta({ id: 'Webhook' });
export type WebhookView = z.output<typeof webhookView>;

/** With its secret, this once. */
export const webhookWithSecretView = webhookView
  .extend({
    secret: z.string().meta({ description: 'Verifies signatures: `whsec_` and base64. It is shown this once.' }),
  })
  .meta({ id: 'WebhookWithSecret' });
export type WebhookWithSecretView = z.output<typeof webhookWithSecretView>;

export const webhookList = z
  .strictObject({ items: z.array(webhookView).meta({ description: `At most ${MAX_WEBHOOKS}, oldest first.` }) })
  .meta({ id: 'WebhookList' });
export type WebhookList = z.output<typeof webhookList>;

const attemptView = z.strictObject({
  at: time.meta({ description: 'When it ended.' }),
  durationMs: z.int().min(0),
  status: z.int().nullable().meta({ description: 'Of the reply; null without one.' }),
  error: z.string().nullable().meta({ description: 'Why there was no reply.' }),
  reply: z.string().nullable().meta({ description: 'The first KiB of the reply, with control characters escaped.' }),
});

export const deliveryView = z
  .strictObject({
    id: z.string().meta({ description: 'The `webhook-id` of all attempts.' }),
    type: z.enum(WEBHOOK_TYPES),
    session: z.string().nullable().meta({ description: 'The TokenID; null for a ping.' }),
    status: z.enum(DELIVERY_STATUSES),
    createdAt: time,
    nextAttemptAt: time.nullable().meta({ description: 'Null unless it is pending.' }),
    attempts: z.array(attemptView).meta({ description: 'Oldest first.' }),
  })
  .meta({ id: 'WebhookDelivery' });

export const deliveryPage = z
  .strictObject({
    items: z.array(deliveryView),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: 'Pass as `cursor` to fetch the next page; null on the last page.' }),
  })
  .meta({ id: 'WebhookDeliveryPage' });
export type DeliveryPage = z.output<typeof deliveryPage>;

export const queuedView = z
  .strictObject({ delivery: z.string().meta({ description: 'Id of the delivery, its `webhook-id`.' }) })
  .meta({ id: 'WebhookQueued' });
export type QueuedView = z.output<typeof queuedView>;

export const replayedView = z
  .strictObject({
    replayed: z.int().min(0),
    nextSince: time
      .nullable()
      .meta({ description: 'Pass as `since` to continue, if there were more than one request replays; else null.' }),
  })
  .meta({ id: 'WebhookReplayed' });
export type ReplayedView = z.output<typeof replayedView>;
