import { WebhookDeliveriesRepository } from '@app/entities';
import { Counter, Gauge, Histogram, Metrics } from '@app/observability';
import { Injectable } from '@nestjs/common';

/** Metrics of webhooks. */
@Injectable()
export class WebhookMetrics {
  readonly attempts: Histogram<'outcome'>;
  readonly disabled: Counter<'reason'>;

  constructor({ registry }: Metrics, deliveries: WebhookDeliveriesRepository) {
    const registers = [registry];
    this.attempts = new Histogram({
      name: 'webhook_attempt_duration_seconds',
      help: 'Duration of attempts to deliver webhooks by outcome, in seconds: delivered, retry (failed, to be repeated), failed (the last one)',
      labelNames: ['outcome'],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
      registers,
    });
    this.disabled = new Counter({
      name: 'webhook_endpoints_disabled_total',
      help: 'Webhook endpoints that were disabled, by reason: gone (answered 410), failing (for five days)',
      labelNames: ['reason'],
      registers,
    });
    // Initialized to 0: a series that first appears at 1 shows no increase, so an alert would not fire.
    for (const reason of ['gone', 'failing']) this.disabled.inc({ reason }, 0);
    for (const outcome of ['delivered', 'retry', 'failed']) this.attempts.zero({ outcome });
    new Gauge({
      name: 'webhook_oldest_due_seconds',
      help: 'How long the oldest webhook that is due has waited; NaN while the database is unavailable. The same in every worker',
      registers,
      async collect() {
        this.set(await deliveries.oldestDueS().catch(() => NaN));
      },
    });
  }
}
