import type { Client } from './client.js';
import type { WebhookReceiver } from './webhook-receiver.js';

export interface CreatedWebhook {
  id: string;
  url: string;
  secret: string;
  enabled: boolean;
  disabledReason: string | null;
  failingSince: string | null;
  previousSecretUntil: string | null;
}

export interface Delivery {
  id: string;
  type: string;
  session: string | null;
  status: string;
  nextAttemptAt: string | null;
  attempts: { at: string; durationMs: number; status: number | null; error: string | null; reply: string | null }[];
}

export const SESSION_TYPES = ['ready', 'failed', 'expiring', 'expired', 'closed', 'rotated'].map((t) => `session.${t}`);

/** An endpoint for all types of sessions. @throws with the reply if it was refused */
export async function createWebhook(
  client: Client,
  receiver: WebhookReceiver,
  settings: Record<string, unknown> = {},
): Promise<CreatedWebhook> {
  const body = { url: receiver.url(), types: SESSION_TYPES, ...settings };
  const reply = await client.send<CreatedWebhook>('POST', '/v1/webhooks', { body });
  if (reply.status !== 201) throw new Error(`${reply.status} ${reply.text}`);
  return reply.body;
}

/** The newest deliveries of an endpoint. */
export async function deliveriesOf(client: Client, id: string, query = ''): Promise<Delivery[]> {
  const reply = await client.send<{ items: Delivery[] }>('GET', `/v1/webhooks/${id}/deliveries${query}`);
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`);
  return reply.body.items;
}
