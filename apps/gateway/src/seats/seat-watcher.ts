import { type SeatCounts, SeatsRepository } from '@app/entities';
import { SessionEvents, type SessionEventsListener } from '@app/events';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type RowSubscriber, WatchedRows } from '../sessions/watched-rows.js';

/** Safety net for missed events, in ms. Longer than that of sessions: the counts are only shown. */
const REREAD_EVERY_MS = 5000;

/** Between two counts, in ms: each is written to every follower, however many take seats at the same time. */
const PAUSE_MS = 500;

const NONE: SeatCounts = { participants: 0, viewers: 0 };

/** The seats of watched sessions, as counts. */
@Injectable()
export class SeatWatcher implements SessionEventsListener, OnApplicationBootstrap, OnModuleDestroy {
  private readonly rows: WatchedRows<SeatCounts>;
  private rereads: NodeJS.Timeout | undefined;

  constructor(seats: SeatsRepository, events: SessionEvents) {
    this.rows = new WatchedRows(async (ids) => {
      const counts = await seats.count(ids);
      return new Map(ids.map((id) => [id, counts.get(id) ?? NONE]));
    }, PAUSE_MS);
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

  /** Watches the seats of a session; they are counted at once. The returned function ends it. */
  watch(sessionId: string, subscriber: RowSubscriber<SeatCounts>): () => void {
    return this.rows.watch(sessionId, subscriber);
  }

  /** Sessions that changed: one that ended has lost its seats, and its followers. */
  changed(): void {
    // nothing to count
  }

  seatsChanged(sessionIds: readonly string[]): void {
    this.rows.changed(sessionIds);
  }

  missed(): void {
    this.rows.missed();
  }
}
