import { ConfigService, type SettingsService } from '@app/config';
import { type ClaimedDelivery, type SettledAttempt, WebhookDeliveriesRepository } from '@app/entities';
import { endpoint, sleep, StoreUnavailableError } from '@app/kernel';
import { LOG, type Log } from '@app/observability';
import { tracing } from '@app/tracing';
import { SealBrokenError, Sealing, UnknownSealingKeyError } from '@app/sealing';
import { Inject, Injectable } from '@nestjs/common';
import { nextWaitS } from './retry-schedule.js';
import { WebhookClient, type WebhookReply } from './webhook-client.js';
import { WebhookMetrics } from './webhook.metrics.js';

/** Requests to one endpoint at one time. */
export const PER_ENDPOINT = 8;
/** How often further deliveries of a busy endpoint are claimed, in ms. */
const CLAIM_EVERY_MS = 500;
/** Added to the timeout of an attempt: until then the process has either settled it or lost it. */
const LEASE_SLACK_S = 5;
/** An endpoint whose secret cannot be opened is left alone for this time, in ms. */
const UNREADABLE_MS = 60_000;

/** Delivers what is due for one endpoint, until nothing is. Independent of BullMQ. */
@Injectable()
export class DeliverWebhooksHandler {
  private readonly stopping = new AbortController();
  private readonly leaseS: number;
  /** Until when endpoints whose secret cannot be opened are left alone, in ms of `performance.now()`. */
  private readonly unreadable = new Map<string, number>();

  constructor(
    private readonly deliveries: WebhookDeliveriesRepository,
    private readonly client: WebhookClient,
    private readonly sealing: Sealing,
    private readonly metrics: WebhookMetrics,
    @Inject(ConfigService) config: SettingsService<'webhookDeliveries'>,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.leaseS = config.get('webhookDeliveries', { infer: true }).timeoutMs / 1000 + LEASE_SLACK_S;
  }

  /** From now on only requests under way are finished. */
  stop(): void {
    this.stopping.abort();
  }

  /** @throws StoreUnavailableError, once the requests under way have ended */
  async deliverDue(endpointId: string, signal?: AbortSignal): Promise<void> {
    const running = new Set<Promise<void>>();
    const ends = AbortSignal.any([this.stopping.signal, ...(signal === undefined ? [] : [signal])]);
    try {
      for (;;) {
        const free = ends.aborted || this.isUnreadable(endpointId) ? 0 : PER_ENDPOINT - running.size;
        const claimed = free === 0 ? [] : await this.deliveries.claim(endpointId, free, this.leaseS);
        for (const delivery of claimed) {
          const run = this.deliverTraced(delivery).finally(() => running.delete(run));
          // Awaited below; it must not count as unhandled until then.
          run.catch(() => undefined);
          running.add(run);
        }
        if (running.size === 0) return;
        await raceWithTimeout(running, ends.aborted || running.size === PER_ENDPOINT ? undefined : CLAIM_EVERY_MS);
      }
    } finally {
      await Promise.allSettled(running);
    }
  }

  /** An event may be delivered days later: its trace is linked to that of its session. */
  private async deliverTraced(delivery: ClaimedDelivery): Promise<void> {
    const traces = tracing();
    if (traces === null) return this.deliver(delivery);
    const { endpointId, type, step, traceparent } = delivery;
    const attributes = {
      'watchtogether.webhook.id': endpointId,
      'watchtogether.webhook.type': type,
      'watchtogether.attempt': step + 1,
    };
    return traces.linked('webhook deliver', traceparent, attributes, (span) =>
      this.deliver(delivery, ({ status, outcome }) =>
        span?.setAttributes({
          'watchtogether.outcome': outcome,
          ...(status !== null && { 'http.response.status_code': status }),
        }),
      ),
    );
  }

  private async deliver(delivery: ClaimedDelivery, tell?: (attempt: SettledAttempt) => void): Promise<void> {
    const { id, endpointId, url, step, lease } = delivery;
    const secrets = this.secretsOf(delivery);
    if (secrets === null) return;
    const reply = await this.client.send({ id, url, body: JSON.stringify(delivery.payload), secrets });
    const attempt: SettledAttempt = { id, endpointId, url, lease, ...settled(reply, step) };
    tell?.(attempt);
    this.metrics.attempts.observe({ outcome: attempt.outcome }, attempt.durationMs / 1000);
    const disabled = await this.deliveries.settle(attempt).catch((error: unknown) => {
      // It is sent once more when its lease has ended.
      if (error instanceof StoreUnavailableError) return null;
      throw error;
    });
    if (disabled === null) return;
    this.metrics.disabled.inc({ reason: disabled });
    const why = disabled === 'gone' ? 'it answered 410' : 'all attempts have failed for five days';
    this.log.error({ webhook: endpointId, host: endpoint(url) }, `webhook disabled: ${why}; enable it once it works`);
  }

  private isUnreadable(endpointId: string): boolean {
    return performance.now() < (this.unreadable.get(endpointId) ?? 0);
  }

  /** Null if they cannot be opened: no fault of the receiver, so it is no attempt, and the delivery is due again later. */
  private secretsOf({ endpointId, secret, previousSecret }: ClaimedDelivery): string[] | null {
    const sealed = previousSecret === null ? [secret] : [secret, previousSecret];
    try {
      const secrets = sealed.map((one) => this.sealing.open(one, { webhookId: endpointId }));
      this.unreadable.delete(endpointId);
      return secrets;
    } catch (error) {
      if (!(error instanceof UnknownSealingKeyError) && !(error instanceof SealBrokenError)) throw error;
      const { keyId } = error;
      if (!this.unreadable.has(endpointId)) {
        const next = `it is tried again every ${String(UNREADABLE_MS / 1000)} s`;
        this.log.error({ webhook: endpointId, keyId }, `the key ring cannot open the secret of this webhook: ${next}`);
      }
      this.unreadable.set(endpointId, performance.now() + UNREADABLE_MS);
      return null;
    }
  }
}

/** What a reply means for its delivery: 2xx alone is success. */
function settled(reply: WebhookReply, step: number): Omit<SettledAttempt, 'id' | 'endpointId' | 'url' | 'lease'> {
  const { retryAfterS, ...recorded } = reply;
  const { status } = recorded;
  if (status !== null && status >= 200 && status < 300)
    return { ...recorded, outcome: 'delivered', waitS: 0, gone: false };
  const waitS = nextWaitS(step + 1, retryAfterS);
  const outcome = waitS === null ? 'failed' : 'retry';
  return { ...recorded, outcome, waitS: waitS ?? 0, gone: status === 410 };
}

/** Waits until one of them has ended, or `ms` have passed. @throws what one of them throws */
async function raceWithTimeout(running: ReadonlySet<Promise<void>>, ms: number | undefined): Promise<void> {
  const done = new AbortController();
  try {
    await Promise.race([...running, ...(ms === undefined ? [] : [sleep(ms, done.signal)])]);
  } finally {
    done.abort();
  }
}
