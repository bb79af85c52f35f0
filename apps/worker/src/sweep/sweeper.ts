import { ConfigService, type SettingsService } from '@app/config';
import {
  PoolRepository,
  ProcessesRepository,
  SeatsRepository,
  SweepingRepository,
  WebhookDeliveriesRepository,
} from '@app/entities';
import { Health, LOG, type Log } from '@app/observability';
import { DeliverWebhooksQueue, MintTokensQueue } from '@app/queue';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { PoolMetrics } from '../pool/pool.metrics.js';
import { ChoreLoop } from './chore-loop.js';
import { chores } from './chores.js';
import { MaintenanceMetrics } from './maintenance.metrics.js';

/** After this many intervals without the end of a batch a loop counts as stalled. */
const MISSED_ROUNDS = 20;

/**
 * Time-driven work, each chore in a loop of its own: one that fails or is slow delays no other. Every worker sweeps;
 * concurrent sweepers skip each other's rows.
 */
@Injectable()
export class Sweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private readonly loops: readonly ChoreLoop[];
  private running: Promise<unknown> | undefined;

  constructor(
    sweeping: SweepingRepository,
    seats: SeatsRepository,
    queue: MintTokensQueue,
    deliveries: WebhookDeliveriesRepository,
    webhooks: DeliverWebhooksQueue,
    processes: ProcessesRepository,
    pool: PoolRepository,
    poolMetrics: PoolMetrics,
    @Inject(ConfigService) config: SettingsService<'mint' | 'pool' | 'webhookDeliveries'>,
    @Inject(LOG) log: Log,
    metrics: MaintenanceMetrics,
    health: Health,
  ) {
    const settings = config.get('mint', { infer: true });
    const { retentionS: webhookRetentionS } = config.get('webhookDeliveries', { infer: true });
    const onDiscarded = poolMetrics.discard.bind(poolMetrics);
    const work = { sweeping, seats, queue, deliveries, webhooks, processes, pool, onDiscarded };
    const limits = config.get('pool', { infer: true });
    this.loops = chores(work, { ...settings, webhookRetentionS, pool: limits }).map((chore) => {
      metrics.initialize(chore.name);
      return new ChoreLoop(chore, log, (name, outcome) => {
        metrics.record(name, outcome);
      });
    });
    // A failing chore is alive: a restart would not help it. A loop that stands still would never run again.
    const limitMs = settings.sweepEveryMs * MISSED_ROUNDS + 10_000;
    health.registerLive('sweeper', () =>
      this.loops.every(({ lastBatchAt }) => performance.now() - lastBatchAt < limitMs),
    );
  }

  onApplicationBootstrap(): void {
    this.running = Promise.all(this.loops.map((loop) => loop.runUntil(this.stopping.signal)));
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }
}
