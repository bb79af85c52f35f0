import { type PoolLevel, PoolRepository } from '@app/entities';
import { ConfigService, type SettingsService } from '@app/config';
import { POOL_DISCARDS, POOL_KINDS, type PoolDiscard, poolKind } from '@app/kernel';
import { Counter, Gauge, Metrics } from '@app/observability';
import { Inject, Injectable } from '@nestjs/common';

/** Metrics of the warm pool: its state, the same in every worker, and what this worker has done for it. */
@Injectable()
export class PoolMetrics {
  readonly minted: Counter<'products'>;
  readonly discarded: Counter<'reason'>;

  constructor(pool: PoolRepository, @Inject(ConfigService) config: SettingsService<'pool'>, { registry }: Metrics) {
    const registers = [registry];
    const limits = config.get('pool', { infer: true });
    // One statement for the three gauges of one scrape, sent when all gauges have begun: one that counts the statements that
    // wait for a connection in this turn of the event loop would count it.
    let levels: Promise<readonly PoolLevel[]> | undefined;
    const read = (): Promise<readonly PoolLevel[]> => {
      levels ??= Promise.resolve()
        .then(() => pool.levels(limits))
        .catch(() => [])
        .finally(() => (levels = undefined));
      return levels;
    };
    new Gauge({
      name: 'pool_level',
      help: 'Sets of tokens in the warm pool that may be taken, by products; absent without a plan and while the database is unavailable. The same in every worker',
      labelNames: ['products'],
      registers,
      async collect() {
        set(this, await read(), ({ level }) => level);
      },
    });
    new Gauge({
      name: 'pool_target',
      help: 'Sets that the warm pool is to hold now by its plan, by products; absent without a plan and while the database is unavailable. The same in every worker',
      labelNames: ['products'],
      registers,
      async collect() {
        set(this, await read(), ({ target }) => target);
      },
    });
    new Gauge({
      name: 'pool_oldest_seconds',
      help: 'Age of the oldest set in the warm pool, by products; absent without a plan and while the database is unavailable. The same in every worker',
      labelNames: ['products'],
      registers,
      async collect() {
        set(this, await read(), ({ oldestS }) => oldestS);
      },
    });
    this.minted = new Counter({
      name: 'pool_minted_total',
      help: 'Sets of tokens that this worker added to the warm pool, by products',
      labelNames: ['products'],
      registers,
    });
    for (const products of POOL_KINDS) this.minted.inc({ products: poolKind(products) }, 0);
    this.discarded = new Counter({
      name: 'pool_discarded_total',
      help: 'Sets of the warm pool that this worker discarded unused, by reason: old (POOL_MAX_AGE_S), short-lived (POOL_MIN_LIFE_S)',
      labelNames: ['reason'],
      registers,
    });
    for (const reason of POOL_DISCARDS) this.discarded.inc({ reason }, 0);
  }

  /** Counts discarded sets, and returns how many. */
  discard(sets: Record<PoolDiscard, number>): number {
    for (const reason of POOL_DISCARDS) this.discarded.inc({ reason }, sets[reason]);
    return POOL_DISCARDS.reduce((sum, reason) => sum + sets[reason], 0);
  }
}

function set(
  gauge: Gauge<'products'>,
  levels: readonly PoolLevel[],
  valueOf: (level: PoolLevel) => number | null,
): void {
  gauge.reset();
  for (const level of levels) {
    const value = valueOf(level);
    if (value !== null) gauge.set({ products: poolKind(level.products) }, value);
  }
}
