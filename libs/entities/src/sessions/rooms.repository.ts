import { newSessionId, type PoolLimits, type Product } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { DeadlineFailures } from './deadline-failures.js';
import { LiveSessions, type Opened } from './live-sessions.js';
import { NewSessions } from './new-sessions.js';
import type { SessionRecord } from './session-record.js';

export { RoomContendedError } from './live-sessions.js';

export interface RoomOpening {
  room: string;
  /** Products requested by the caller, if any; a failed session with other products is not reopened. */
  wanted: Product[] | undefined;
  /** Products of the session if this call creates it. */
  products: Product[];
  metadata: Record<string, unknown>;
  createdBy: string;
  /** The time in which the session is to become ready, in s, if the caller gave one. An existing session keeps its own. */
  readyWithinS?: number | undefined;
  /** The same otherwise. */
  deadlineS: number;
  /** Whether a new session may take its tokens from the warm pool, and within which limits. */
  pool?: PoolLimits | undefined;
}

export type OpenedRoom = Opened;

/** Rooms and their live sessions, at most one for each. */
@Injectable()
export class RoomsRepository {
  private readonly live: LiveSessions;

  constructor(database: Database, deadlineFailures: DeadlineFailures, newSessions: NewSessions) {
    this.live = new LiveSessions('room', database, deadlineFailures, newSessions);
  }

  /** The live session of a room; one past its expiry is no longer live. The record is shared and must not be modified. */
  async findLive(room: string): Promise<SessionRecord | null> {
    return this.live.find(room);
  }

  /** Gets or creates the room's live session. */
  async open({ wanted, ...opening }: RoomOpening): Promise<OpenedRoom> {
    return this.live.open(opening.room, { wanted, session: { ...opening, id: newSessionId() } });
  }
}
