import { CasCallAbortedError } from '@app/cas-client';
import { ConfigService, type SettingsService } from '@app/config';
import { type MintedSet, type PoolDemand, PoolRefillRepository, type SealedToken } from '@app/entities';
import {
  newSessionId,
  poolKind,
  type PoolLimits,
  type SessionProduct,
  sleep,
  StoreUnavailableError,
} from '@app/kernel';
import { LOG, type Log, ProcessReporter } from '@app/observability';
import { Sealing } from '@app/sealing';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import { MintingMetrics } from '../mint-tokens/minting.metrics.js';
import { answerOf } from '../mint-tokens/run-notes.js';
import type { Minted } from '../cas/cas-failover.js';
import { NotWantedError, SetMinter } from './mint-set.js';
import { PoolMetrics } from './pool.metrics.js';
import { RefillPace } from './refill-pace.js';

/** How often the plan and the level are read at least, in ms. */
const LOOK_EVERY_MS = 1000;
/** What was read is good for this long, in ms: a worker that cannot reach the database mints nothing that it cannot store. */
const STALE_AFTER_MS = 3 * LOOK_EVERY_MS;
/** How long a worker that stops waits for the calls that are under way, in ms. */
const STOP_WITHIN_MS = 8000;

/** A minted set has cost calls of CAS, so storing it is retried while the database is unavailable, for as long as it is held. */
const STORE_RETRY = retry(
  handleWhen((error) => error instanceof StoreUnavailableError),
  { maxAttempts: 9, backoff: new ConstantBackoff(1000) },
);

/** What the plan wanted when it was read last. */
interface Seen {
  at: number;
  demands: readonly PoolDemand[];
}

/**
 * Keeps the warm pool at the targets of its plan, together with all other workers: each reserves what it is going to mint,
 * so that no set too many is minted. It makes way for sessions that wait, and calls CAS only while the plan wants it.
 */
@Injectable()
export class PoolRefill implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private readonly minting = new Map<string, Promise<void>>();
  private readonly limits: PoolLimits;
  private readonly pace: RefillPace;
  private readonly concurrency: number;
  private seen: Seen = { at: -Infinity, demands: [] };
  /** Whether more is missing than this worker is minting. */
  private wantsMore = false;
  private wakeUp = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(
    private readonly pool: PoolRefillRepository,
    private readonly minter: SetMinter,
    private readonly sealing: Sealing,
    private readonly metrics: PoolMetrics,
    private readonly mintingMetrics: MintingMetrics,
    private readonly reporter: ProcessReporter,
    @Inject(ConfigService) config: SettingsService<'mint' | 'pool'>,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.limits = config.get('pool', { infer: true });
    this.concurrency = config.get('mint', { infer: true }).poolRefillConcurrency;
    this.pace = new RefillPace(this.concurrency);
  }

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.wakeUp.abort();
    await this.loop;
    const minted = new AbortController();
    const all = Promise.all(this.minting.values()).finally(() => {
      minted.abort();
    });
    await Promise.race([all, sleep(STOP_WITHIN_MS, minted.signal)]);
    // If it fails, the reservations are given up when they are no longer renewed.
    await this.pool.releaseAll(this.reporter.id).catch(() => undefined);
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.wakeUp = new AbortController();
      await this.round().catch((error: unknown) => {
        // An outage of the database is logged where it is noticed.
        if (!(error instanceof StoreUnavailableError)) this.log.error({ err: error }, 'refilling the pool failed');
      });
      await sleep(this.untilNextLook(), this.wakeUp.signal);
    }
  }

  private async round(): Promise<void> {
    const at = performance.now();
    const { demands, sessionsWait } = await this.pool.view(this.reporter.id, this.limits);
    this.seen = { at, demands };
    const missing = demands.reduce((sum, { target, level, minting }) => sum + Math.max(0, target - level - minting), 0);
    const free = sessionsWait ? 0 : this.pace.free(this.minting.size);
    this.wantsMore = !sessionsWait && missing > free;
    if (missing === 0 || free === 0) return;
    const reserved = await this.pool.reserve(this.reporter.id, this.limits, Math.min(free, missing), newSessionId);
    for (const { products, ids } of reserved) for (const id of ids) this.begin(id, products);
  }

  /** The next change of the plan, or a second: what begins or ends is noticed when it does. */
  private untilNextLook(): number {
    const changes = this.seen.demands.flatMap(({ changesInMs }) => changesInMs ?? []);
    const nextChangeMs = this.seen.at + Math.min(...changes) - performance.now();
    return Math.ceil(Math.min(LOOK_EVERY_MS, Math.max(1, nextChangeMs)));
  }

  private begin(id: string, products: SessionProduct[]): void {
    const done = this.mintSet(id, products)
      .catch((error: unknown) => {
        this.log.error({ err: error }, 'minting a set for the pool failed');
      })
      .finally(() => {
        this.minting.delete(id);
        if (this.wantsMore && this.minting.size <= this.concurrency / 2) this.wakeUp.abort();
      });
    this.minting.set(id, done);
  }

  private async mintSet(id: string, products: SessionProduct[]): Promise<void> {
    const minted = await this.minter.mint(products, () => this.isWanted(products));
    const usable = minted.errors.length === 0 && this.livesLongEnough(minted);
    if (usable && (await this.store(this.sealed(id, products, minted)))) {
      this.pace.succeeded();
      this.metrics.minted.inc({ products: poolKind(products) });
      return;
    }
    this.mintingMetrics.wasted.inc(minted.tokens.length);
    this.noteFailure(minted.errors);
    // If it fails, it is given up with all others of this worker.
    await this.pool.release(this.reporter.id, [id]).catch(() => undefined);
  }

  /** Whether the plan, as it was read last, still wants what is being minted: asked right before each call of CAS. */
  private isWanted(products: readonly SessionProduct[]): boolean {
    const { at, demands } = this.seen;
    const sinceMs = performance.now() - at;
    const demand = demands.find((one) => poolKind(one.products) === poolKind(products));
    if (this.stopping.signal.aborted || demand === undefined || sinceMs > STALE_AFTER_MS) return false;
    const { target, level, minting, changesInMs } = demand;
    return level + minting <= target && sinceMs < (changesInMs ?? Infinity);
  }

  private livesLongEnough({ tokens }: Minted): boolean {
    const earliest = Math.min(...tokens.map(({ expiresAt }) => expiresAt.getTime()));
    if (earliest > Date.now() + 1000 * this.limits.minLifeS) return true;
    this.metrics.discarded.inc({ reason: 'short-lived' });
    const pauseMs = this.pace.failed([]);
    if (pauseMs !== null)
      this.log.error(
        { livesS: Math.round((earliest - Date.now()) / 1000), minLifeS: this.limits.minLifeS, pauseMs },
        'CAS issues tokens that live less than POOL_MIN_LIFE_S: they are not pooled, and fewer are tried',
      );
    return false;
  }

  private sealed(id: string, products: SessionProduct[], { endpoint, tokens }: Minted): MintedSet {
    const sealed: SealedToken[] = tokens.map(({ product, token, expiresAt }) => {
      return { product, expiresAt, ...this.sealing.seal(token, { sessionId: id, product }) };
    });
    return { id, products, endpoint, tokens: sealed };
  }

  private async store(set: MintedSet): Promise<boolean> {
    return STORE_RETRY.execute(() => this.pool.store(this.reporter.id, set)).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) throw error;
      return false;
    });
  }

  private noteFailure(errors: readonly unknown[]): void {
    const failures = errors.filter(
      (error) => !(error instanceof NotWantedError) && !(error instanceof CasCallAbortedError),
    );
    if (failures.length === 0) return;
    const pauseMs = this.pace.failed(failures);
    if (pauseMs !== null) this.log.warn({ pauseMs, ...answerOf(failures) }, 'refilling the pool fails: it pauses');
  }
}
