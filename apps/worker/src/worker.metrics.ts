import { ClockSkewMonitor, SweepingRepository } from '@app/entities';
import { Gauge, Metrics } from '@app/observability';
import { MintTokensQueue } from '@app/queue';
import { Injectable } from '@nestjs/common';

/** Gauges that are read when somebody looks. Those of shared things come from workers only, so that they count once. */
@Injectable()
export class WorkerMetrics {
  constructor({ registry }: Metrics, queue: MintTokensQueue, sweeping: SweepingRepository, clock: ClockSkewMonitor) {
    const registers = [registry];
    new Gauge({
      name: 'queue_jobs',
      help: 'Jobs of mint-tokens by state; absent while the queue does not answer',
      labelNames: ['state'],
      registers,
      async collect() {
        this.reset();
        const counts = await queue.counts().catch(() => null);
        for (const [state, count] of Object.entries(counts ?? {})) this.set({ state }, count);
      },
    });
    new Gauge({
      name: 'oldest_pending_seconds',
      help: 'How long the oldest pending session waits, since its creation or last retry; NaN while the database does not answer',
      registers,
      async collect() {
        this.set(await sweeping.oldestPendingS().catch(() => NaN));
      },
    });
    new Gauge({
      name: 'clock_skew_seconds',
      help: 'How far the clock of this process is ahead of the database',
      registers,
      collect() {
        this.set(clock.skewS);
      },
    });
  }
}
