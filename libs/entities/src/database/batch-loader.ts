/** Statements under way at one time. Two, so that the database is never idle while a reply is on its way back. */
const MAX_BATCHES_IN_FLIGHT = 2;
const MAX_BATCH_SIZE = 500;

/** Those who asked for one key. */
type PendingLoad<V> = PromiseWithResolvers<V | null>;

/**
 * Looks at single rows by a key, shared by all who ask at the same time: a crowd costs a statement or two, not one a
 * head. Nothing is remembered: every look is answered by a statement that began after it was asked for, so nobody sees
 * an older state than with a statement of their own.
 */
export class BatchLoader<V> {
  private waiting = new Map<string, PendingLoad<V>>();
  private inFlight = 0;
  private scheduled = false;

  /** @param loadMany the values of these keys, in one statement; keys without a value are left out */
  constructor(private readonly loadMany: (keys: string[]) => Promise<Map<string, V>>) {}

  /** The value of a key, or null. Rejects as `load` does. */
  load(key: string): Promise<V | null> {
    const asked = this.waiting.get(key) ?? Promise.withResolvers<V | null>();
    this.waiting.set(key, asked);
    this.schedule();
    return asked.promise;
  }

  /** After this turn of the loop, so that what comes in together is asked together. */
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
    try {
      const found = await this.loadMany([...batch.keys()]);
      for (const [key, asked] of batch) asked.resolve(found.get(key) ?? null);
    } catch (error) {
      // Whoever came in the meantime would wait for the same refusal, a second time as long.
      for (const asked of [...batch.values(), ...this.waiting.values()]) asked.reject(error);
      this.waiting = new Map();
    } finally {
      this.inFlight--;
      this.schedule();
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
