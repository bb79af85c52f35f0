import { StoreUnavailableError } from '@app/kernel';
import { type BatchMember, tracing } from '@app/tracing';
import { isRetryable } from './database-errors.js';

export interface GroupCommitOptions<I, O> {
  /**
   * Carries out all items in one statement or transaction: all of them or none. Returns the results in the order of the
   * items; an `Error` in the place of a result is thrown to the caller of that item alone.
   */
  run: (items: readonly I[]) => Promise<(O | Error)[]>;
  /** Most items of one batch. */
  maxSize?: number;
  /** Most batches at one time: more than one, so that the database is not idle while a reply is in flight. */
  maxInFlight?: number;
}

interface Waiting<I, O> {
  item: I;
  /** For traces. */
  member: BatchMember;
  resolve: (result: O) => void;
  reject: (error: unknown) => void;
}

/** A deadlock or a serialization failure is repeated this often. */
const MAX_ATTEMPTS = 5;

/**
 * Group commit: items that arrive while a statement is in flight share the next one. A lone item is sent immediately.
 * Every caller gets its own result and its own error: if a batch fails for a reason in one of its items, its items are
 * carried out one by one, so that a bad one fails alone. If the database was unavailable, all of the batch fail,
 * since the outcome is not known; callers repeat what is idempotent.
 */
export class GroupCommit<I, O> {
  private waiting: Waiting<I, O>[] = [];
  private inFlight = 0;
  private scheduled = false;
  private readonly run: (items: readonly I[]) => Promise<(O | Error)[]>;
  private readonly maxSize: number;
  private readonly maxInFlight: number;

  constructor({ run, maxSize = 200, maxInFlight = 2 }: GroupCommitOptions<I, O>) {
    this.run = run;
    this.maxSize = maxSize;
    this.maxInFlight = maxInFlight;
  }

  /** Carries out one item, in a batch with others. */
  submit(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, member: tracing()?.joinBatch() ?? null, resolve, reject });
      this.schedule();
    });
  }

  /** Deferred to the end of this turn of the event loop, so that items of the same turn share a batch. */
  private schedule(): void {
    if (this.scheduled || this.inFlight >= this.maxInFlight || this.waiting.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      void this.flush(this.waiting.splice(0, this.maxSize));
      this.schedule();
    });
  }

  private async flush(batch: readonly Waiting<I, O>[]): Promise<void> {
    this.inFlight++;
    const traces = tracing();
    const members = batch.map(({ member }) => member);
    const deliver = await (traces === null ? this.carryOut(batch) : traces.batch(members, () => this.carryOut(batch)));
    this.inFlight--;
    this.schedule();
    // The next batch leaves first: what callers do with their results keeps this process busy, and the database idle.
    if (this.scheduled) await new Promise(setImmediate);
    deliver();
  }

  /** @returns a function that gives the callers their results */
  private async carryOut(batch: readonly Waiting<I, O>[]): Promise<() => void> {
    try {
      const results = await this.attempt(batch.map(({ item }) => item));
      return () => {
        batch.forEach(({ resolve, reject }, n) => {
          const result = results[n];
          if (result instanceof Error) reject(result);
          else resolve(result as O);
        });
      };
    } catch (error) {
      if (batch.length === 1 || error instanceof StoreUnavailableError) {
        return () => {
          for (const { reject } of batch) reject(error);
        };
      }
      // One after the other: together they would be a batch of the same kind again.
      for (const one of batch) (await this.carryOut([one]))();
      return () => undefined;
    }
  }

  private async attempt(items: readonly I[]): Promise<(O | Error)[]> {
    for (let n = 1; ; n++) {
      try {
        return await this.run(items);
      } catch (error) {
        if (n === MAX_ATTEMPTS || !isRetryable(error)) throw error;
      }
    }
  }
}
