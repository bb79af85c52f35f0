import { type BatchMember, tracing } from '@app/tracing';

/** Concurrent statements. Two, so that the database is not idle while a reply is in flight. */
const MAX_BATCHES_IN_FLIGHT = 2;
const MAX_BATCH_SIZE = 500;

/** The callers waiting for one key. */
interface PendingLoad<V> extends PromiseWithResolvers<V | null> {
  /** For traces: as many as a batch can be linked to. */
  members: BatchMember[] | null;
}

/**
 * Batches concurrent lookups of single rows by key: a burst costs one or two queries. Nothing is cached: every lookup
 * is answered by a statement that started after it was requested, so no caller sees an older state than with a query of
 * its own.
 */
export class BatchLoader<V> {
  private waiting = new Map<string, PendingLoad<V>>();
  private inFlight = 0;
  private scheduled = false;

  /** @param loadMany loads the values of these keys in one statement; keys without a value are omitted */
  constructor(private readonly loadMany: (keys: string[]) => Promise<Map<string, V>>) {}

  /** The value of a key, or null. Rejects with the error of `load`. */
  load(key: string): Promise<V | null> {
    const asked = this.waiting.get(key) ?? { ...Promise.withResolvers<V | null>(), members: null };
    this.waiting.set(key, asked);
    const traces = tracing();
    if (traces !== null && (asked.members ??= []).length < MAX_BATCH_SIZE) asked.members.push(traces.joinBatch());
    this.schedule();
    return asked.promise;
  }

  /** Deferred to the next turn of the event loop, so that lookups of the same turn share a statement. */
  private schedule(): void {
    if (this.scheduled || this.inFlight >= MAX_BATCHES_IN_FLIGHT || this.waiting.size === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      void this.loadBatch();
      this.schedule();
    });
  }

  private async loadBatch(): Promise<void> {
    const batch = this.take();
    this.inFlight++;
    const deliver = await this.loadAll(batch);
    this.inFlight--;
    this.schedule();
    // The next batch leaves first: what callers do with their rows keeps this process busy, and the database idle.
    if (this.scheduled) await new Promise(setImmediate);
    deliver();
  }

  /** @returns a function that gives the callers their rows */
  private async loadAll(batch: ReadonlyMap<string, PendingLoad<V>>): Promise<() => void> {
    const load = () => this.loadMany([...batch.keys()]);
    try {
      const traces = tracing();
      const found = await (traces === null ? load() : traces.batch(membersOf(batch), load));
      return () => {
        for (const [key, asked] of batch) asked.resolve(found.get(key) ?? null);
      };
    } catch (error) {
      // Waiting lookups fail too: they would most likely wait as long again for the same error.
      const failed = [...batch.values(), ...this.waiting.values()];
      this.waiting = new Map();
      return () => {
        for (const asked of failed) asked.reject(error);
      };
    }
  }

  private take(): Map<string, PendingLoad<V>> {
    if (this.waiting.size <= MAX_BATCH_SIZE) {
      const all = this.waiting;
      this.waiting = new Map();
      return all;
    }
    const some = new Map([...this.waiting].slice(0, MAX_BATCH_SIZE));
    for (const key of some.keys()) this.waiting.delete(key);
    return some;
  }
}

function membersOf<V>(batch: ReadonlyMap<string, PendingLoad<V>>): BatchMember[] {
  return [...batch.values()].flatMap(({ members }) => members ?? []);
}
