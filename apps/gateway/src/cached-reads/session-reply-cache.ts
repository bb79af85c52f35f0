import { ClockSkewMonitor } from '@app/entities';
import { SessionEvents, type SessionEventsListener } from '@app/events';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

/** Replies serve only while the LISTEN connection has proved itself alive within this time, in ms. */
const LEASE_MS = 2000;
const MAX_REPLIES = 20_000;
/** All replies together, in characters. Metadata and tokens may be long: the number alone bounds no memory. */
const MAX_CHARACTERS = 64 * 1024 * 1024;
/** Recent changes that are remembered, to refuse replies that were read before them. */
const MAX_CHANGES = 20_000;

/** The reply to a read of a ready session, with its tokens, as it was sent once. */
export interface CachedReply {
  /** Names and values in turn, without `Request-Id`. */
  headers: readonly string[];
  /** As text: together with the headers it is one write, as bytes it would be two. */
  body: string;
  /** `latin1` for what is ASCII, which is copied faster. */
  encoding: 'latin1' | 'utf8';
  room: string | null;
  /** When the session expires, in ms since the epoch by the clock of the database. */
  expiresAt: number;
}

/** The moment before a session was read: a reply may be kept only if the session has not changed since. */
export type ReadMark = number;

/**
 * Replies to reads of ready sessions, rendered once. A reply is dropped when its session changes: by the event, by a
 * change on this gateway, and in any case when events may have been missed or the LISTEN connection is not proved alive.
 */
@Injectable()
export class SessionReplyCache implements SessionEventsListener {
  private readonly replies = new LRUCache<string, CachedReply>({
    max: MAX_REPLIES,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ body, headers }) => headers.reduce((sum, text) => sum + text.length, body.length),
  });
  /** The number of the latest change of each session that changed lately. */
  private readonly changes = new LRUCache<string, ReadMark>({
    max: MAX_CHANGES,
    dispose: (change, _id, reason) => {
      if (reason === 'evict') this.oldest = Math.max(this.oldest, change);
    },
  });
  private latest: ReadMark = 0;
  /** Whatever was read before this change may be stale. */
  private oldest: ReadMark = 0;

  constructor(
    private readonly events: SessionEvents,
    private readonly clock: ClockSkewMonitor,
  ) {
    events.subscribe(this);
  }

  /** To be called before a session is read whose reply may be kept. */
  beforeRead(): ReadMark {
    return this.latest;
  }

  keep(id: string, mark: ReadMark, reply: CachedReply): void {
    if (mark < this.oldest || mark < (this.changes.get(id) ?? 0)) return;
    this.replies.set(id, reply);
  }

  find(id: string): CachedReply | undefined {
    const reply = this.replies.get(id);
    if (reply === undefined) return undefined;
    if (performance.now() - this.events.provenAt > LEASE_MS) return undefined;
    if (reply.expiresAt > Date.now() - this.clock.skewS * 1000) return reply;
    this.replies.delete(id);
    return undefined;
  }

  /** Must be called before a change of a session on this gateway is acknowledged. */
  drop(id: string): void {
    this.changed([id]);
  }

  changed(ids: readonly string[]): void {
    for (const id of ids) {
      this.changes.set(id, ++this.latest);
      this.replies.delete(id);
    }
  }

  missed(): void {
    this.oldest = ++this.latest;
    this.changes.clear();
    this.replies.clear();
  }
}
