import { type SessionRecord, SessionsRepository } from '@app/entities';
import { SessionEvents, type SessionEventsListener } from '@app/events';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type RowSubscriber, WatchedRows } from './watched-rows.js';

/** Safety net for missed events: all watched sessions are read again this often, in ms. */
const REREAD_EVERY_MS = 1000;

/** Called with a session each time it is read. Must be fast and must not throw. */
export type Subscriber = RowSubscriber<SessionRecord>;

/** Watched sessions: subscribers receive every state that is read after a change. */
@Injectable()
export class SessionWatcher implements SessionEventsListener, OnApplicationBootstrap, OnModuleDestroy {
  private readonly rows: WatchedRows<SessionRecord>;
  private rereads: NodeJS.Timeout | undefined;

  constructor(sessions: SessionsRepository, events: SessionEvents) {
    this.rows = new WatchedRows(async (ids) => {
      const found = await sessions.findMany(ids);
      return new Map(found.map((session) => [session.id, session]));
    });
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

  /**
   * Watches a session, starting from the caller's state. The returned function ends it. The session is read once more at
   * once, since a change between the caller's read and this call went unnoticed.
   */
  watch({ id, version }: SessionRecord, subscriber: Subscriber): () => void {
    let newest = version;
    // A read that began before the caller's may end after it: never go back to an older state.
    return this.rows.watch(id, (session) => {
      if (session.version < newest) return;
      newest = session.version;
      subscriber(session);
    });
  }

  changed(ids: readonly string[]): void {
    this.rows.changed(ids);
  }

  missed(): void {
    this.rows.missed();
  }
}
