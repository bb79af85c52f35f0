import { Counter, Metrics } from '@app/observability';
import { DELIVER_WEBHOOKS, MINT_TOKENS } from '@app/queue';
import { Injectable } from '@nestjs/common';

/** Metrics of the jobs that this worker takes. */
@Injectable()
export class JobsMetrics {
  private readonly unknown: Counter<'queue'>;

  constructor({ registry }: Metrics) {
    this.unknown = new Counter({
      name: 'unknown_jobs_total',
      help: 'Jobs that were dropped because their name or data is not of this release, by queue',
      labelNames: ['queue'],
      registers: [registry],
    });
    for (const queue of [MINT_TOKENS, DELIVER_WEBHOOKS]) this.unknown.inc({ queue }, 0);
  }

  /** A job that was dropped. */
  recordUnknown(queue: string): void {
    this.unknown.inc({ queue });
  }
}
