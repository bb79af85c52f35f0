import { randomUUID } from 'node:crypto';
import { AuditRepository } from '@app/entities';
import { type CountedAction, StoreUnavailableError } from '@app/kernel';
import { Counter, LOG, type Log, Metrics } from '@app/observability';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import type { ProblemCode } from '../problems/problem-codes.js';
import { type AuditCounter, AuditCounters } from './audit-counters.js';

/** What a crash may lose, in ms. */
const FLUSH_EVERY_MS = 1000;
/** Different counts that may wait in memory, and as many that are being sent. Each takes a few hundred bytes. */
const MAX_COUNTERS = 20_000;
/** Rows of one statement, so that a busy database takes them within the limit of one. */
const MAX_ROWS_PER_INSERT = 2500;

/** The problems that say no to somebody who is known. */
const DENIALS: Partial<Record<ProblemCode, CountedAction>> = {
  'insufficient-scope': 'denied:insufficient-scope',
  'admission-denied': 'denied:admission-denied',
  'rate-limited': 'denied:rate-limited',
};

/**
 * Counts what happens too often to be written down one by one: replies with tokens, and refusals. A request costs the
 * step of a counter; once a second the counts go to the database, those that it does not take with the next ones.
 */
@Injectable()
export class AuditTrail implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly counts = new AuditCounters(MAX_COUNTERS);
  /** Under way to the database. The ids stay, so that what is sent twice is counted once. */
  private sending: (AuditCounter & { id: string })[] = [];
  private flushing: Promise<boolean> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly dropped: Counter;

  constructor(
    private readonly repository: AuditRepository,
    @Inject(LOG) private readonly log: Log,
    { registry }: Metrics,
  ) {
    this.dropped = new Counter({
      name: 'audit_dropped_total',
      help: 'Hand-overs and refusals that the audit trail does not know of',
      registers: [registry],
    });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** The last requests are answered by now, and the database is still there: it closes after this module. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flushing;
    while (this.counts.size + this.sending.length > 0) {
      if (await this.flush()) continue;
      this.log.warn(
        { entries: this.counts.size + this.sending.length },
        'the last entries of the audit trail are lost',
      );
      return;
    }
  }

  /** A reply carries the tokens of this session. */
  tokensRead(caller: Caller, sessionId: string): void {
    this.count('read-tokens', caller, sessionId);
  }

  /** A caller is answered with this problem. Only some of them are refusals. */
  denied(caller: Caller, code: ProblemCode, sessionId: string | null): void {
    const action = DENIALS[code];
    if (action !== undefined) this.count(action, caller, sessionId);
  }

  private count(action: CountedAction, caller: Caller, sessionId: string | null): void {
    if (!this.counts.add(action, caller.id, sessionId, performance.now())) this.dropped.inc();
  }

  /** False if something is left. One at a time: those who come meanwhile are told how it ended. */
  private flush(): Promise<boolean> {
    this.flushing ??= this.send().finally(() => {
      this.flushing = undefined;
    });
    return this.flushing;
  }

  private async send(): Promise<boolean> {
    if (this.sending.length === 0) this.sending = this.counts.drain().map((one) => ({ ...one, id: randomUUID() }));
    while (this.sending.length > 0) {
      const rows = this.sending.slice(0, MAX_ROWS_PER_INSERT);
      const now = performance.now();
      try {
        await this.repository.add(rows.map(({ sinceMs, ...row }) => ({ ...row, ageS: (now - sinceMs) / 1000 })));
      } catch (err) {
        // Away stores have said so already; these counts go with the next ones.
        if (err instanceof StoreUnavailableError) return false;
        this.log.error({ err }, 'the audit trail was not taken');
        this.dropped.inc(rows.reduce((sum, { count }) => sum + count, 0));
      }
      this.sending = this.sending.slice(rows.length);
    }
    return true;
  }
}
