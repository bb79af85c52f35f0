import { ConfigService, type SettingsService } from '@app/config';
import type { SessionRecord } from '@app/entities';
import { isSettled } from '@app/kernel';
import { Gauge, Metrics } from '@app/observability';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { CallerQuota } from '../auth/caller-quota.js';
import type { WaitPreference } from '../http/prefer-wait.js';
import { ProblemError } from '../problems/problem.js';
import { SessionWatcher } from './session-watcher.js';

/** Holds requests until their session is settled. */
@Injectable()
export class SessionWaiter implements OnModuleDestroy {
  /** Each ends one wait without a result. */
  private readonly waiting = new Set<() => void>();
  private readonly quota: CallerQuota;
  private closed = false;

  constructor(
    private readonly watcher: SessionWatcher,
    @Inject(ConfigService) config: SettingsService<'http'>,
    { registry }: Metrics,
  ) {
    const { maxWaits } = config.get('http', { infer: true });
    const quota = new CallerQuota(maxWaits);
    this.quota = quota;
    new Gauge({
      name: 'held_requests',
      help: 'Requests that this gateway holds until their session is settled (Prefer: wait)',
      registers: [registry],
      collect() {
        this.set(quota.used);
      },
    });
    new Gauge({
      name: 'held_requests_limit',
      help: 'Maximum held requests of this gateway (MAX_WAITS)',
      registers: [registry],
    }).set(maxWaits);
  }

  /** Requests that are held now. */
  get count(): number {
    return this.quota.used;
  }

  /** Held requests are answered immediately with the current state. */
  onModuleDestroy(): void {
    this.closed = true;
    for (const giveUp of [...this.waiting]) giveUp();
  }

  /**
   * The session once it is settled, or its current state when the preferred wait is over.
   *
   * @throws ProblemError 401 or 403 when the credential ended meanwhile
   */
  async waitAsPreferred(
    session: SessionRecord,
    caller: Caller,
    { since, waitS, closed }: WaitPreference,
  ): Promise<SessionRecord> {
    if (waitS === null || isSettled(session.status)) return session;
    const leftMs = waitS * 1000 - (performance.now() - since);
    const signal = closed?.();
    const settled = await this.waitUntilSettled(session, caller, leftMs, signal);
    if (signal?.aborted === true) throw new ProblemError('malformed', { detail: 'The client closed its connection' });
    // What is disclosed anew needs a valid credential; the state that was known before does not.
    if (settled === null) return session;
    await caller.revalidate();
    return settled;
  }

  /**
   * The session once it is settled, starting from the state `from`. Null after `ms`, when the caller's share of waits is
   * used up, when `signal` aborts, or at shutdown. Always returns in time, whatever is unavailable.
   */
  async waitUntilSettled(
    from: SessionRecord,
    caller: Caller,
    ms: number,
    signal?: AbortSignal,
  ): Promise<SessionRecord | null> {
    if (this.closed || ms <= 0 || signal?.aborted === true) return null;
    const release = this.quota.take(caller);
    if (release === null) return null;
    return new Promise((resolve) => {
      const settle = (session: SessionRecord | null): void => {
        clearTimeout(timer);
        unwatch();
        this.waiting.delete(giveUp);
        signal?.removeEventListener('abort', giveUp);
        release();
        resolve(session);
      };
      const giveUp = (): void => {
        settle(null);
      };
      const timer = setTimeout(giveUp, ms);
      const unwatch = this.watcher.watch(from, (session) => {
        if (isSettled(session.status)) settle(session);
      });
      this.waiting.add(giveUp);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }
}
