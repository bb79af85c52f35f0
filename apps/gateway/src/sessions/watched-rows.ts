import { setTimeout } from 'node:timers/promises';

const READ_AT_ONCE = 1000;

/** Called with each row that is read. Must be fast and must not throw. */
export type RowSubscriber<R> = (row: R) => void;

/**
 * What belongs to watched sessions. Events and safety nets only mark ids; marked ids are read in batches, one statement at
 * a time, and subscribers receive what was read.
 */
export class WatchedRows<R> {
  private readonly watched = new Map<string, Set<RowSubscriber<R>>>();
  private readonly marked = new Set<string>();
  private reading = false;

  /**
   * @param read the rows of these sessions, by their ids, in one statement
   * @param pauseMs between two reads: what changes meanwhile is read once
   */
  constructor(
    private readonly read: (ids: readonly string[]) => Promise<ReadonlyMap<string, R>>,
    private readonly pauseMs = 0,
  ) {}

  /** Watches a session; its row is read at once. The returned function ends it. */
  watch(id: string, subscriber: RowSubscriber<R>): () => void {
    const set = this.watched.get(id) ?? new Set();
    this.watched.set(id, set.add(subscriber));
    this.mark(id);
    return () => {
      set.delete(subscriber);
      if (set.size === 0 && this.watched.get(id) === set) this.watched.delete(id);
    };
  }

  /** These sessions changed. */
  changed(ids: readonly string[]): void {
    for (const id of ids) if (this.watched.has(id)) this.mark(id);
  }

  /** Any session may have changed. */
  missed(): void {
    for (const id of this.watched.keys()) this.mark(id);
  }

  private mark(id: string): void {
    this.marked.add(id);
    if (this.reading) return;
    this.reading = true;
    // After this turn of the event loop, so that ids marked together are read together.
    setImmediate(() => void this.readMarked());
  }

  private async readMarked(): Promise<void> {
    while (this.marked.size > 0) {
      const ids = [...this.marked].slice(0, READ_AT_ONCE);
      for (const id of ids) this.marked.delete(id);
      // The safety net makes up for a failed read.
      const rows = await this.read(ids).catch(() => new Map<string, R>());
      for (const [id, row] of rows) for (const subscriber of [...(this.watched.get(id) ?? [])]) subscriber(row);
      if (this.pauseMs > 0) await setTimeout(this.pauseMs, undefined, { ref: false });
    }
    this.reading = false;
  }
}
