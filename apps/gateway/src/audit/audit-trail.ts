import { randomUUID } from 'node:crypto';
import { AuditRepository } from '@app/entities';
import { type CountedAction, StoreUnavailableError } from '@app/kernel';
import { Counter, LOG, type Log, Metrics } from '@app/observability';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Identity } from '../auth/caller.js';
import type { ProblemCode } from '../problems/problem-codes.js';
import { type AuditCounter, AuditCounters } from './audit-counters.js';

/** How often counters are written, in ms: at most this much is lost in a crash. */
const FLUSH_EVERY_MS = 1000;
/** Counters kept in memory, and as many being written. Each takes a few hundred bytes. */
const MAX_COUNTERS = 20_000;
/** Rows per statement, so that a busy database finishes within the statement timeout. */
const MAX_ROWS_PER_INSERT = 2500;

/** Problems that count as denials of a known caller. */
const DENIALS: Partial<Record<ProblemCode, CountedAction>> = {
  'insufficient-scope': 'denied:insufficient-scope',
  'admission-denied': 'denied:admission-denied',
  'rate-limited': 'denied:rate-limited',
};

/**
 * Counts what is too frequent to record one by one: reads of tokens, tickets, and denials. A request costs one increment; once a
 * second the counters are written to the database, together with those that failed before.
 */
@Injectable()
export class AuditTrail implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly counts = new AuditCounters(MAX_COUNTERS);
  /** Being written. Ids are kept across attempts, so that what is sent twice counts once. */
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
      help: 'Token reads, issued tickets and denials that were dropped before reaching the audit trail',
      registers: [registry],
    });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** All requests are answered by now, and the database closes after this module. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flushing;
    while (this.counts.size + this.sending.length > 0) {
      if (await this.flush()) continue;
      this.log.warn(
        { entries: this.counts.size + this.sending.length },
        'audit entries lost at shutdown: the database is unavailable',
      );
      return;
    }
  }

  /** Counts a reply with this session's tokens. */
  tokensRead(caller: Identity, sessionId: string): void {
    this.count('read-tokens', caller, sessionId);
  }

  /** Counts a ticket that was issued. @param sessionId null for a ticket to a room */
  ticketIssued(caller: Identity, sessionId: string | null): void {
    this.count('issue-ticket', caller, sessionId);
  }

  /** Counts a problem sent to a caller, if it is a denial. */
  denied(caller: Identity, code: ProblemCode, sessionId: string | null): void {
    const action = DENIALS[code];
    if (action !== undefined) this.count(action, caller, sessionId);
  }

  private count(action: CountedAction, caller: Identity, sessionId: string | null): void {
    if (!this.counts.add(action, caller.id, sessionId, performance.now())) this.dropped.inc();
  }

  /** One flush at a time; concurrent callers share its result. False if entries are left. */
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
        // Logged by the database already; these entries go with the next flush.
        if (err instanceof StoreUnavailableError) return false;
        this.log.error({ err }, 'audit entries rejected by the database and dropped');
        this.dropped.inc(rows.reduce((sum, { count }) => sum + count, 0));
      }
      this.sending = this.sending.slice(rows.length);
    }
    return true;
  }
}
