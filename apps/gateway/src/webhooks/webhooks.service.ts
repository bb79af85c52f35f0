import { ConfigService, type SettingsService } from '@app/config';
import { AddressPolicy } from '@app/egress';
import { type SealedSecret, WebhookEndpointsRepository, type WebhookRecord } from '@app/entities';
import { newWebhookId, newWebhookSecret, WEBHOOK_ID } from '@app/kernel';
import { Sealing } from '@app/sealing';
import { Inject, Injectable } from '@nestjs/common';
import { ProblemError } from '../problems/problem.js';
import type { CreateWebhookBody, UpdateWebhookBody } from './webhook.schemas.js';

/** An endpoint with its secret in clear text: for the one response that shows it. */
export interface DisclosedWebhook {
  webhook: WebhookRecord;
  secret: string;
}

/** Decides about the receivers of webhooks. Their secrets are sealed before they are stored. */
@Injectable()
export class WebhooksService {
  private readonly policy: AddressPolicy;

  constructor(
    private readonly repository: WebhookEndpointsRepository,
    private readonly sealing: Sealing,
    @Inject(ConfigService) config: SettingsService<'webhooks'>,
  ) {
    this.policy = new AddressPolicy(config.get('webhooks', { infer: true }).allow);
  }

  list(): Promise<WebhookRecord[]> {
    return this.repository.list();
  }

  /** @throws ProblemError 404 */
  async read(id: string): Promise<WebhookRecord> {
    return known(WEBHOOK_ID.test(id) ? await this.repository.find(id) : null);
  }

  /** @throws ProblemError 404, 409 for a disabled endpoint, to which nothing is sent */
  async readEnabled(id: string): Promise<WebhookRecord> {
    const webhook = await this.read(id);
    if (webhook.disabledReason !== null) throw new ProblemError('webhook-disabled');
    return webhook;
  }

  /** @throws ProblemError 409, 422 */
  async create(body: CreateWebhookBody, actor: string): Promise<DisclosedWebhook> {
    this.assertMayBeCalled(body.url);
    const id = newWebhookId();
    const { secret, sealed } = this.newSecret(id);
    const settings = { roomPrefix: null, description: null, enabled: true, includeMetadata: false, ...body };
    const webhook = await this.repository.create(id, settings, sealed, actor);
    if (webhook === null) throw new ProblemError('webhook-limit-reached');
    return { webhook, secret };
  }

  /** @throws ProblemError 404, 422 */
  async update(id: string, body: UpdateWebhookBody, actor: string): Promise<WebhookRecord> {
    if (body.url !== undefined) this.assertMayBeCalled(body.url);
    return known(WEBHOOK_ID.test(id) ? await this.repository.update(id, body, actor) : null);
  }

  /** @throws ProblemError 404 */
  async delete(id: string, actor: string): Promise<void> {
    const deleted = WEBHOOK_ID.test(id) && (await this.repository.delete(id, actor));
    if (!deleted) throw notFound();
  }

  /** @throws ProblemError 404, 409 */
  async rotateSecret(id: string, force: boolean, actor: string): Promise<DisclosedWebhook> {
    if (!WEBHOOK_ID.test(id)) throw notFound();
    const { secret, sealed } = this.newSecret(id);
    const result = known(await this.repository.rotateSecret(id, sealed, { force, actor }));
    if (!result.rotated) throw new ProblemError('webhook-secret-rotated');
    return { webhook: result.webhook, secret };
  }

  private newSecret(webhookId: string): { secret: string; sealed: SealedSecret } {
    const secret = newWebhookSecret();
    return { secret, sealed: this.sealing.seal(secret, { webhookId }) };
  }

  /** A name is resolved and judged when it is called: what it leads to now says nothing about later. */
  private assertMayBeCalled(url: string): void {
    const detail = this.policy.faultOf(new URL(url));
    if (detail !== null) throw new ProblemError('validation-failed', { errors: [{ detail, pointer: '#/url' }] });
  }
}

function known<T>(found: T | null): T {
  if (found === null) throw notFound();
  return found;
}

function notFound(): ProblemError {
  return new ProblemError('not-found', { detail: 'Webhook not found' });
}
