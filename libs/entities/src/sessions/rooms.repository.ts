import { CodedError, newSessionId, type Product, RETRYABLE_FAILURES } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { notifySessionsChanged } from './notify-sessions-changed.js';
import { auditChange } from '../audit/audit.repository.js';
import { checked } from '../database/checked.js';
import { Database } from '../database/database.js';
import type { Queryable } from '../database/queryable.js';
import { UniqueViolationError } from '../database/database-errors.js';
import { expireDue, failOverdue, insertSession, MAY_REOPEN, retryFailed } from './session-transitions.js';
import { liveInRoom, SELECT_SESSIONS, type SessionRecord, type SessionRow, toRecord } from './session-record.js';
import { BatchLoader } from '../database/batch-loader.js';
import { NewSessions } from './new-sessions.js';
import { type DeadlineFailure, DeadlineFailures } from './deadline-failures.js';

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
}

export interface OpenedRoom {
  session: SessionRecord;
  /** `made`: created by this call. `reopened`: a failed session was set back to pending. `found`: no change. */
  outcome: 'created' | 'reopened' | 'existing';
}

/** Opening lost `MAX_ROUNDS` races in a row: the room is opened and closed faster than it can be read. */
export class RoomContendedError extends CodedError {
  readonly code = 'room-contended';
}

const MAX_ROUNDS = 10;

/** Rooms and their live sessions. A unique index, not an in-process lock, ensures at most one per room. */
@Injectable()
export class RoomsRepository {
  private readonly loader = new BatchLoader<SessionRecord>(async (rooms) => {
    const rows = await this.database.query<SessionRow & { room: string }>(
      `${SELECT_SESSIONS} WHERE ${liveInRoom('ANY($1)')} AND seen.status <> 'expired'`,
      [rooms],
    );
    return new Map(rows.map((row) => [row.room, toRecord(row)]));
  });

  private readonly changing = new Map<string, Promise<undefined>>();

  constructor(
    private readonly database: Database,
    private readonly deadlineFailures: DeadlineFailures,
    private readonly newSessions: NewSessions,
  ) {}

  /**
   * The live session of a room; one past its expiry is no longer live. Concurrent lookups share a statement and the
   * returned record, so callers must not modify it.
   */
  async findLive(room: string): Promise<SessionRecord | null> {
    return this.loader.load(room);
  }

  /**
   * Gets or creates the room's live session. An existing session costs a SELECT and a new one an INSERT, both shared with
   * other requests; only a session that must make way or is reopened needs a transaction of its own.
   */
  async open(opening: RoomOpening): Promise<OpenedRoom> {
    let triedByOther = false;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = await this.findLive(opening.room);
      if (found !== null && (triedByOther || !mayReopen(found))) return { session: found, outcome: 'existing' };
      const isNew = found === null && round === 0;
      const changed = await this.changeSingleFlight(opening, isNew);
      triedByOther = changed === 'under way';
      if (changed === 'under way') continue;
      if (changed !== null) return changed;
      if (found !== null) return { session: found, outcome: 'existing' };
    }
    throw new RoomContendedError('The room is changing too fast');
  }

  /**
   * If many requests of this process find a room empty, one attempts the change and the others read again afterwards.
   * This only saves transactions: the unique index still decides which request wins.
   */
  private async changeSingleFlight(opening: RoomOpening, isNew: boolean): Promise<OpenedRoom | null | 'under way'> {
    const other = this.changing.get(opening.room);
    if (other !== undefined) {
      await other;
      return 'under way';
    }
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.changing.set(opening.room, promise);
    try {
      return await (isNew ? this.insert(opening) : this.change(opening));
    } catch (error) {
      // The same generation was created and closed between the read and the insert: try again.
      if (error instanceof UniqueViolationError && error.constraint === 'sessions_one_per_generation') return null;
      throw error;
    } finally {
      this.changing.delete(opening.room);
      resolve(undefined);
    }
  }

  /** Null if the room has a session after all: of a faster request, or one that must make way. */
  private async insert(opening: RoomOpening): Promise<OpenedRoom | null> {
    const { room, products, metadata, createdBy, readyWithinS, deadlineS } = opening;
    const session = await this.newSessions.insert({
      id: newSessionId(),
      room,
      products,
      metadata,
      createdBy,
      readyWithinS,
      deadlineS,
    });
    return session === null ? null : { session, outcome: 'created' };
  }

  /** Null if another request was faster, or the failed session must not be reopened yet. */
  private async change(opening: RoomOpening): Promise<OpenedRoom | null> {
    let overdue: DeadlineFailure[] = [];
    const opened = await this.database.transaction(async (statements): Promise<OpenedRoom | null> => {
      overdue = await settleOverdue(statements, opening.room);
      const reopened = await retryFailed(
        statements,
        `${liveInRoom('$3')}
             AND ${checked(`s.status = 'failed' AND s.failure_code = ANY($4) AND ${MAY_REOPEN}`)}
             AND ($5::text[] IS NULL OR s.products = $5)`,
        [opening.deadlineS, opening.readyWithinS, opening.room, RETRYABLE_FAILURES, opening.wanted ?? null],
      );
      const id = reopened ?? (await insertSession(statements, { ...opening, id: newSessionId() }));
      if (id === null) return null;
      const action = reopened === null ? 'create' : 'retry';
      await auditChange(statements, { actor: opening.createdBy, action, sessionId: id });
      const [row] = await statements.query<SessionRow>(`${SELECT_SESSIONS} WHERE s.id = $1`, [id]);
      return row === undefined ? null : { session: toRecord(row), outcome: reopened === null ? 'created' : 'reopened' };
    });
    this.deadlineFailures.report(overdue);
    return opened;
  }
}

function mayReopen(session: SessionRecord): boolean {
  return session.status === 'failed' && RETRYABLE_FAILURES.some((code) => code === session.failureCode);
}

/** Settles the room's overdue session, so that it does not block the unique index. Returns it if it failed. */
async function settleOverdue(statements: Queryable, room: string): Promise<DeadlineFailure[]> {
  const expired = await expireDue(statements, liveInRoom('$1'), [room]);
  const failed = await failOverdue(statements, liveInRoom('$1'), [room]);
  await notifySessionsChanged(statements, [...expired, ...failed.map(({ id }) => id)]);
  return failed;
}
