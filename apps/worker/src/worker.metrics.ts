import { ClockSkewMonitor, SweepingRepository } from '@app/entities';
import { Gauge, Metrics } from '@app/observability';
import { MintTokensQueue } from '@app/queue';
import { Injectable } from '@nestjs/common';

/** Gauges collected on scrape. Gauges of shared state are exported by workers only. */
@Injectable()
export class WorkerMetrics {
  constructor({ registry }: Metrics, queue: MintTokensQueue, sweeping: SweepingRepository, clock: ClockSkewMonitor) {
    const registers = [registry];
    new Gauge({
      name: 'queue_jobs',
      help: 'Jobs of the mint-tokens queue by state; absent while the queue is unavailable',
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
      help: 'Whether the mint-tokens queue is paused by an operator: 1 or 0; absent while the queue is unavailable',
      registers,
      async collect() {
        this.reset();
        const paused = await queue.isPaused().catch(() => null);
        if (paused !== null) this.set(Number(paused));
      },
    });
    new Gauge({
      name: 'oldest_pending_seconds',
      help: 'Age of the oldest pending session since its creation or last retry; NaN while the database is unavailable',
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
