import { type SessionRecord, SessionsRepository } from '@app/entities';
import { SessionEvents, type SessionEventsListener } from '@app/events';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** The net under the events: everything that is watched is read again this often, in ms. */
const REREAD_EVERY_MS = 1000;
const READ_AT_ONCE = 1000;

/** Is given a session each time it was read. Must be quick and must not throw. */
export type Subscriber = (session: SessionRecord) => void;

/**
 * Sessions that somebody watches. Events and the net only mark ids; marked ids are read in batches, one statement at a
 * time, and whoever watches one is given what was read.
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

  /** Begins to watch a session from the state that the caller has; the function that comes back ends it. */
  watch({ id, version }: SessionRecord, subscriber: Subscriber): () => void {
    let newest = version;
    // A look that began before the caller's may end after it: nobody is led back to an older state.
    const forward: Subscriber = (session) => {
      if (session.version < newest) return;
      newest = session.version;
      subscriber(session);
    };
    const set = this.watched.get(id) ?? new Set();
    this.watched.set(id, set.add(forward));
    // What happened between the caller's look and this registration was told to nobody: look once more.
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
      // After this turn of the loop, so that what is marked together is read together.
      setImmediate(() => void this.readMarked());
    }
  }

  private async readMarked(): Promise<void> {
    while (this.marked.size > 0) {
      const ids = [...this.marked].slice(0, READ_AT_ONCE);
      for (const id of ids) this.marked.delete(id);
      // A failed read is made up for by the net.
      const sessions = await this.sessions.findMany(ids).catch(() => []);
      for (const session of sessions) {
        for (const subscriber of [...(this.watched.get(session.id) ?? [])]) subscriber(session);
      }
    }
    this.reading = false;
  }
}
