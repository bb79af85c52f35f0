import { type SessionRecord, SessionsRepository } from '@app/entities';
import { SessionEvents, type SessionEventsListener } from '@app/events';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** Safety net for missed events: all watched sessions are read again this often, in ms. */
const REREAD_EVERY_MS = 1000;
const READ_AT_ONCE = 1000;

/** Called with a session each time it is read. Must be fast and must not throw. */
export type Subscriber = (session: SessionRecord) => void;

/**
 * Watched sessions. Events and the safety net only mark ids; marked ids are read in batches, one statement at a time,
 * and subscribers receive what was read.
 */
@Injectable()
export class SessionWatcher implements SessionEventsListener, OnApplicationBootstrap, OnModuleDestroy {
  private readonly watched = new Map<string, Set<Subscriber>>();
  private readonly marked = new Set<string>();
  private reading = false;
  private rereads: NodeJS.Timeout | undefined;

  constructor(
    private readonly sessions: SessionsRepository,
    events: SessionEvents,
  ) {
    events.subscribe(this);
  }

  onApplicationBootstrap(): void {
    this.rereads = setInterval(() => {
      this.missed();
    }, REREAD_EVERY_MS);
  }

  onModuleDestroy(): void {
    clearInterval(this.rereads);
  }

  /** Watches a session, starting from the caller's state. The returned function ends it. */
  watch({ id, version }: SessionRecord, subscriber: Subscriber): () => void {
    let newest = version;
    // A read that began before the caller's may end after it: never go back to an older state.
    const forward: Subscriber = (session) => {
      if (session.version < newest) return;
      newest = session.version;
      subscriber(session);
    };
    const set = this.watched.get(id) ?? new Set();
    this.watched.set(id, set.add(forward));
    // A change between the caller's read and this registration went unnoticed: read once more.
    this.mark(id);
    return () => {
      set.delete(forward);
      if (set.size === 0 && this.watched.get(id) === set) this.watched.delete(id);
    };
  }

  changed(ids: readonly string[]): void {
    for (const id of ids) if (this.watched.has(id)) this.mark(id);
  }

  missed(): void {
    for (const id of this.watched.keys()) this.mark(id);
  }

  private mark(id: string): void {
    this.marked.add(id);
    if (!this.reading) {
      this.reading = true;
      // After this turn of the event loop, so that ids marked together are read together.
      setImmediate(() => void this.readMarked());
    }
  }

  private async readMarked(): Promise<void> {
    while (this.marked.size > 0) {
      const ids = [...this.marked].slice(0, READ_AT_ONCE);
      for (const id of ids) this.marked.delete(id);
      // The safety net makes up for a failed read.
      const sessions = await this.sessions.findMany(ids).catch(() => []);
      for (const session of sessions) {
        for (const subscriber of [...(this.watched.get(session.id) ?? [])]) subscriber(session);
      }
    }
    this.reading = false;
  }
}
