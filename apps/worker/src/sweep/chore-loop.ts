import { briefCause, classifyCause, sleep } from '@app/kernel';
import type { Log } from '@app/observability';
import type { Chore } from './chores.js';

/** Called after each batch. Must not throw. */
export type OnBatch = (chore: string, outcome: 'ok' | 'failed') => void;

/**
 * Runs one chore at its interval, and without a pause while there is a backlog. Never throws: a failure ends the round and
 * the next one tries again. Logs when the chore begins to fail and when it works again, not each failure.
 */
export class ChoreLoop {
  /** When the last batch ended, in ms of `performance.now()`. */
  lastBatchAt = performance.now();
  private failing = false;

  constructor(
    private readonly chore: Chore,
    private readonly log: Log,
    private readonly onBatch: OnBatch,
  ) {}

  async runUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.round(signal);
      await sleep(this.chore.everyMs, signal);
    }
  }

  /** One batch, and more while they are full. */
  async round(signal: AbortSignal): Promise<void> {
    const round: Round = { rows: 0, error: null };
    if (await this.runBatch(round)) {
      await Promise.all(Array.from({ length: this.chore.lanes }, () => this.drain(round, signal)));
    }
    this.report(round);
  }

  private async drain(round: Round, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const started = performance.now();
      if (!(await this.runBatch(round))) return;
      if (!this.chore.urgent) await sleep(performance.now() - started, signal);
    }
  }

  /** Returns true if the batch was full. */
  private async runBatch(round: Round): Promise<boolean> {
    try {
      const rows = await this.chore.runBatch();
      round.rows += rows;
      this.onBatch(this.chore.name, 'ok');
      return rows >= this.chore.batch;
    } catch (error) {
      round.error ??= { error };
      this.onBatch(this.chore.name, 'failed');
      return false;
    } finally {
      this.lastBatchAt = performance.now();
    }
  }

  private report({ rows, error }: Round): void {
    const { name, everyMs } = this.chore;
    if (rows > 0) this.log.info({ chore: name, rows }, 'maintenance done');
    if (error !== null && !this.failing) {
      const next = `it is retried every ${String(everyMs / 1000)} s, other chores continue`;
      // A stack only for what may be a bug in this code.
      const unknown = classifyCause(error.error).kind === 'unknown';
      const fields = { chore: name, ...(unknown && { err: error.error }) };
      this.log.warn(fields, `maintenance chore ${name} fails (${briefCause(error.error)}): ${next}`);
    }
    if (error === null && this.failing) this.log.warn({ chore: name }, `maintenance chore ${name} works again`);
    this.failing = error !== null;
  }
}

/** What happened in a round. */
interface Round {
  rows: number;
  /** The first error. */
  error: { error: unknown } | null;
}
