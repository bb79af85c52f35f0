import { ConfigService, type SettingsService } from '@app/config';
import { AddressPolicy, AddressRefusedError, Egress, type EgressClient, publicEgressCause } from '@app/egress';
import { printable } from '@app/kernel';
import { scrub } from '@app/observability';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { retryAfterS } from './retry-schedule.js';

/** Of a reply, what is kept, in bytes. */
const KEPT_BYTES = 1024;

export interface WebhookMessage {
  /** The `webhook-id`. */
  id: string;
  url: string;
  body: string;
  /** Each of them signs. */
  secrets: readonly string[];
}

export interface WebhookReply {
  durationMs: number;
  /** Null without a reply. */
  status: number | null;
  /** Why there is no reply. */
  error: string | null;
  /** The beginning of the reply, escaped; null without one. */
  reply: string | null;
  retryAfterS: number;
}

/** Sends webhooks, signed as in Standard Webhooks: one request, with one time limit for all of it. */
@Injectable()
export class WebhookClient implements OnApplicationShutdown {
  private readonly client: EgressClient;
  private readonly policy: AddressPolicy;

  constructor(egress: Egress, @Inject(ConfigService) config: SettingsService<'webhooks' | 'webhookDeliveries'>) {
    this.policy = new AddressPolicy(config.get('webhooks', { infer: true }).allow);
    const { timeoutMs } = config.get('webhookDeliveries', { infer: true });
    this.client = egress.client({ timeoutMs, maxBytes: KEPT_BYTES, longer: 'cut' }, this.policy);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }

  /** Never rejects. Redirects are not followed: they are replies like any other. */
  async send({ id, url, body, secrets }: WebhookMessage): Promise<WebhookReply> {
    const started = performance.now();
    const now = new Date();
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'watchtogether-webhooks',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
    };
    const durationMs = () => Math.round(performance.now() - started);
    try {
      this.assertMayBeCalled(url);
      const { status, text, header } = await this.client.send(url, { method: 'POST', body, headers });
      const reply = printable(scrub(text.toWellFormed()));
      return { durationMs: durationMs(), status, error: null, reply, retryAfterS: retryAfterS(header('retry-after')) };
    } catch (error) {
      return { durationMs: durationMs(), status: null, error: publicEgressCause(error), reply: null, retryAfterS: 0 };
    }
  }

  /** What operators allow may have changed since the endpoint was created. */
  private assertMayBeCalled(url: string): void {
    if (this.policy.faultOf(new URL(url)) !== null) throw new AddressRefusedError();
  }
}
