import { ConfigService, type SettingsService } from '@app/config';
import { PoolRepository, type SessionRecord } from '@app/entities';
import { POOL_KINDS, poolKind, type PoolLimits } from '@app/kernel';
import { Counter, Metrics } from '@app/observability';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** How often the pool is looked at, in ms. */
const LOOK_EVERY_MS = 1000;

/**
 * Which products the warm pool holds sets of, as of the last second: an open for others does not look for one, and costs
 * the same as without a pool. Only a hint: the statement that inserts the session takes a set, or finds none.
 */
@Injectable()
export class PoolSupply implements OnApplicationBootstrap, OnModuleDestroy {
  private ready: ReadonlySet<string> = new Set();
  private timer: NodeJS.Timeout | undefined;
  private looking = false;
  private readonly limits: PoolLimits;
  private readonly taken: Counter<'products'>;

  constructor(
    private readonly pool: PoolRepository,
    @Inject(ConfigService) config: SettingsService<'pool'>,
    { registry }: Metrics,
  ) {
    this.limits = config.get('pool', { infer: true });
    this.taken = new Counter({
      name: 'pool_taken_total',
      help: 'Sessions that were ready at once, with a set of tokens of the warm pool, by products',
      labelNames: ['products'],
      registers: [registry],
    });
    for (const products of POOL_KINDS) this.taken.inc({ products: poolKind(products) }, 0);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
    await this.look();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** For a new session of these products: the limits within which it may take a set. Undefined if there is none. */
  limitsFor(products: readonly string[]): PoolLimits | undefined {
    return this.ready.has(poolKind(products)) ? this.limits : undefined;
  }

  /** Counts a session that was just created, if it came from the pool: any other one is pending. */
  record({ status, products }: Pick<SessionRecord, 'status' | 'products'>): void {
    if (status === 'ready') this.taken.inc({ products: poolKind(products) });
  }

  private async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    const ready = await this.pool.kindsReady(this.limits).catch(() => null);
    if (ready !== null) this.ready = new Set(ready.map(poolKind));
    this.looking = false;
  }
}
