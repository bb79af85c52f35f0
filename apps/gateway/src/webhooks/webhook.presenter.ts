import type { DeliveryRecord, WebhookRecord } from '@app/entities';
import { deliveryCursor } from './list-deliveries.query.js';
import type { DeliveryPage, WebhookView, WebhookWithSecretView } from './webhook.schemas.js';
import type { DisclosedWebhook } from './webhooks.service.js';

export function webhookShown(webhook: WebhookRecord): WebhookView {
  const { id, url, types, roomPrefix, description, includeMetadata, disabledReason } = webhook;
  return {
    ...{ id, url, types, roomPrefix, description, includeMetadata },
    enabled: disabledReason === null,
    disabledReason,
    failingSince: webhook.failingSince?.toISOString() ?? null,
    previousSecretUntil: webhook.previousUntil?.toISOString() ?? null,
    createdAt: webhook.createdAt.toISOString(),
  };
}

export function webhookDisclosed({ webhook, secret }: DisclosedWebhook): WebhookWithSecretView {
  return { ...webhookShown(webhook), secret };
}

export function deliveriesShown(
  deliveries: readonly DeliveryRecord[],
  next: Parameters<typeof deliveryCursor.encode>[0] | null,
): DeliveryPage {
  return {
    items: deliveries.map(({ id, type, sessionId, status, createdAt, nextAttemptAt, attempts }) => ({
      ...{ id, type, session: sessionId, status },
      createdAt: createdAt.toISOString(),
      nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
      attempts: attempts.map((attempt) => ({ ...attempt, at: attempt.at.toISOString() })),
    })),
    nextCursor: next === null ? null : deliveryCursor.encode(next),
  };
}
