import { CasCallAbortedError } from '@app/cas-client';
import { ConfigService, type SettingsService } from '@app/config';
import { PacingRepository, type Turns } from '@app/entities';
import { jittered, StoreUnavailableError } from '@app/kernel';
import { Gauge, Histogram, Metrics } from '@app/observability';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** Who waits: sessions, or refills of the pool, which stand behind all sessions. */
export type Priority = 'session' | 'refill';

type Waiter = Pick<PromiseWithResolvers<undefined>, 'resolve' | 'reject'>;

/** How far ahead turns are taken, in ms: sessions of all workers fill this, so that refills find no turn. */
const AHEAD_MS: Record<Priority, number> = { session: 250, refill: 30 };
/** Turns that one statement asks for, at most. */
const MAX_ASKED = 1000;
/** Between two statements of a worker that waits, in ms, at least. */
const ASK_EVERY_MS = 10;
/** Until turns are asked for again while the database is unavailable, in ms. */
const STORE_AWAY_WAIT_MS = 1000;
/** How often a change of the limit is looked for, in ms. */
const LOOK_EVERY_MS = 2000;
/** For a 429 without Retry-After, in ms. */
const SLOW_FOR_MS = 10_000;
/** A worker reports 429 at most this often, in ms. */
const SLOW_EVERY_MS = 1000;

/**
 * Paces the calls of CAS of all workers together: `CAS_MAX_RPS`, or what an operator has set since. Each call waits for
 * its turn, which is taken in the database. Costs nothing while there is no limit.
 */
@Injectable()
export class CasPacing implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger(CasPacing.name);
  private readonly waiting: Record<Priority, Waiter[]> = { session: [], refill: [] };
  private readonly waits: Histogram<'priority'>;
  private readonly configured: number | null;
  private limit: number | null;
  private set: number | null = null;
  private slowed = false;
  private reportedAt = -Infinity;
  private asking = false;
  private stopping = false;
  private wake: () => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly pacing: PacingRepository,
    @Inject(ConfigService) config: SettingsService<'cas'>,
    { registry }: Metrics,
  ) {
    this.configured = config.get('cas', { infer: true }).maxRps;
    this.limit = this.configured;
    const registers = [registry];
    const limit = () => this.limit;
    new Gauge({
      name: 'cas_pacing_limit',
      help: 'Calls of CAS per second that all workers together may make now; absent without a limit. The same in every worker',
      registers,
      collect() {
        this.reset();
        const now = limit();
        if (now === null) this.remove();
        else this.set(now);
      },
    });
    new Gauge({
      name: 'cas_pacing_drain_seconds',
      help: 'How long the calls for all pending sessions take at the limit, in seconds; absent without a limit, NaN while the database is unavailable. The same in every worker',
      registers,
      async collect() {
        const now = limit();
        if (now === null) this.remove();
        else
          this.set(
            await pacing.pendingCalls().then(
              (calls) => calls / now,
              () => NaN,
            ),
          );
      },
    });
    this.waits = new Histogram({
      name: 'cas_pacing_wait_seconds',
      help: 'How long calls of CAS waited for their turn, by priority (session, refill), in seconds',
      labelNames: ['priority'],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.look();
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** For a worker that stops: calls that wait are given up, now and from now on, and their sessions go back to the queue. */
  stop(): void {
    this.stopping = true;
    this.rejectAll(new CasCallAbortedError());
  }

  /** For the console. */
  get report(): { configured: number | null; limit: number | null; slowed: boolean } {
    return { configured: this.configured, limit: this.limit, slowed: this.slowed };
  }

  /**
   * Waits until a call may be made.
   *
   * @throws CasCallAbortedError when `signal` aborts, or when the worker stops
   */
  async turn(priority: Priority, signal?: AbortSignal): Promise<void> {
    if (this.limit === null) return;
    const end = this.waits.startTimer({ priority });
    await this.nextTurn(priority, signal);
    end();
  }

  /** CAS answered 429. */
  slow(forMs = SLOW_FOR_MS): void {
    if (this.limit === null || performance.now() - this.reportedAt < SLOW_EVERY_MS) return;
    this.reportedAt = performance.now();
    // Only a hint: whatever keeps the database from taking it keeps tokens from being published as well.
    void this.pacing.slow(this.configured, forMs).then(
      () => this.look(),
      () => undefined,
    );
  }

  private async nextTurn(priority: Priority, signal: AbortSignal | undefined): Promise<void> {
    if (this.stopping || signal?.aborted === true) throw new CasCallAbortedError();
    const waiter = Promise.withResolvers<undefined>();
    const queue = this.waiting[priority];
    const leave = () => {
      const place = queue.indexOf(waiter);
      if (place !== -1) queue.splice(place, 1);
      waiter.reject(new CasCallAbortedError());
    };
    signal?.addEventListener('abort', leave, { once: true });
    queue.push(waiter);
    if (priority === 'session') this.wake();
    void this.ask();
    try {
      await waiter.promise;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /** One at a time: takes turns for those that wait, until none waits. */
  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      for (let next = this.first(); next !== undefined; next = this.first()) await this.takeTurns(next);
    } catch (error) {
      this.rejectAll(error);
    } finally {
      this.asking = false;
    }
  }

  private first(): Priority | undefined {
    if (this.waiting.session.length > 0) return 'session';
    return this.waiting.refill.length > 0 ? 'refill' : undefined;
  }

  private async takeTurns(priority: Priority): Promise<void> {
    const queue = this.waiting[priority];
    const aheadMs = AHEAD_MS[priority];
    const turns = await this.take(Math.min(queue.length, MAX_ASKED), aheadMs);
    if (turns === null) {
      await this.pause(STORE_AWAY_WAIT_MS, priority);
      return;
    }
    for (const [n, { resolve }] of queue.splice(0, turns.granted).entries()) {
      const inMs = turns.firstInMs + n * turns.everyMs;
      if (inMs < 1) resolve(undefined);
      else setTimeout(resolve, inMs, undefined);
    }
    if (this.first() !== undefined) await this.pause(Math.max(ASK_EVERY_MS, turns.nextInMs - aheadMs), priority);
  }

  /** Null while the database is unavailable: without it nothing could be published either. */
  private async take(asked: number, aheadMs: number): Promise<Turns | null> {
    try {
      return await this.pacing.take(asked, this.configured, aheadMs);
    } catch (error) {
      if (error instanceof StoreUnavailableError) return null;
      throw error;
    }
  }

  /** A session that comes while only refills wait is not kept waiting. */
  private pause(ms: number, priority: Priority): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms + jittered(ASK_EVERY_MS));
      if (priority === 'refill')
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
    });
  }

  private rejectAll(error: unknown): void {
    for (const queue of Object.values(this.waiting)) for (const { reject } of queue.splice(0)) reject(error);
  }

  private async look(): Promise<void> {
    const pace = await this.pacing.read(this.configured).catch(() => null);
    if (pace === null) return;
    if (pace.set !== this.set) this.log.warn(`pacing: ${described(pace.set, this.configured)}`);
    this.set = pace.set;
    this.limit = pace.limit;
    this.slowed = pace.slowedS > 0;
  }
}

function described(set: number | null, configured: number | null): string {
  if (set === 0) return 'an operator has set no limit of calls of CAS';
  if (set !== null) return `an operator has limited calls of CAS to ${String(set)} per second over all workers`;
  return configured === null
    ? 'calls of CAS are no longer limited'
    : `calls of CAS are limited to ${String(configured)} per second over all workers, as configured`;
}
