import { ClockSkewMonitor, Database, SweepingRepository } from '@app/entities';
import { Gauge, Metrics, registerPoolGauges } from '@app/observability';
import { MintTokensQueue } from '@app/queue';
import { Injectable } from '@nestjs/common';

/** Gauges collected on scrape. Gauges of shared state are exported by workers only. */
@Injectable()
export class WorkerMetrics {
  constructor(
    metrics: Metrics,
    queue: MintTokensQueue,
    sweeping: SweepingRepository,
    clock: ClockSkewMonitor,
    database: Database,
  ) {
    const registers = [metrics.registry];
    registerPoolGauges(metrics, () => database.poolCounts);
    new Gauge({
      name: 'queue_jobs',
      help: 'Jobs of the mint-tokens queue by state; absent while the queue is unavailable. The same in every worker',
      labelNames: ['state'],
      registers,
      async collect() {
        this.reset();
        const counts = await queue.counts().catch(() => null);
        for (const [state, count] of Object.entries(counts ?? {})) this.set({ state }, count);
      },
    });
    new Gauge({
      name: 'queue_paused',
      help: '1 while an operator has paused the mint-tokens queue, else 0; NaN while the queue is unavailable. The same in every worker',
      registers,
      async collect() {
        this.set(await queue.isPaused().then(Number, () => NaN));
      },
    });
    new Gauge({
      name: 'sessions',
      help: 'Live sessions and chat tokens by status (pending, ready, failed), each counted up to 100,000; absent while the database is unavailable. The same in every worker',
      labelNames: ['status'],
      registers,
      async collect() {
        this.reset();
        const counts = await sweeping.countLive().catch(() => null);
        for (const [status, count] of Object.entries(counts ?? {})) this.set({ status }, count);
      },
    });
    new Gauge({
      name: 'oldest_overdue_seconds',
      help: 'How long the oldest session past its expiry or deadline has waited for maintenance; NaN while the database is unavailable. The same in every worker',
      registers,
      async collect() {
        this.set(await sweeping.oldestOverdueS().catch(() => NaN));
      },
    });
    new Gauge({
      name: 'oldest_pending_seconds',
      help: 'Age of the oldest pending session since its creation or last retry; NaN while the database is unavailable. The same in every worker',
      registers,
      async collect() {
        this.set(await sweeping.oldestPendingS().catch(() => NaN));
      },
    });
    new Gauge({
      name: 'clock_skew_seconds',
      help: 'Seconds by which the clock of this process is ahead of the database; negative if behind',
      registers,
      collect() {
        this.set(clock.skewS);
      },
    });
  }
}
