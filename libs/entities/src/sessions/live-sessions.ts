import { CodedError, type Product, RETRYABLE_FAILURES } from '@app/kernel';
import { notifySessionsChanged } from './notify-sessions-changed.js';
import { auditChange } from '../audit/audit.repository.js';
import { BatchLoader } from '../database/batch-loader.js';
import { checked } from '../database/checked.js';
import type { Database } from '../database/database.js';
import type { Queryable } from '../database/queryable.js';
import { insertSession } from './insert-sessions.js';
import { expireDue, failOverdue, MAY_REOPEN, type NewSession, retryFailed } from './session-transitions.js';
import {
  liveForSubject,
  liveInRoom,
  SELECT_SESSIONS,
  type SessionRecord,
  type SessionRow,
  toRecord,
} from './session-record.js';
import type { NewSessions } from './new-sessions.js';
import type { DeadlineFailure, DeadlineFailures } from './deadline-failures.js';

/** What has at most one live session: a room, or a user with a chat token. */
export type Owner = 'room' | 'chatSubject';

/** SQL for the live session of an owner, found by its unique index. */
const LIVE_OF: Record<Owner, (parameter: string) => string> = { room: liveInRoom, chatSubject: liveForSubject };

/** How a live session is opened. */
export interface Opening {
  /** Products requested by the caller, if any; a failed session with other products is not reopened. */
  wanted?: Product[] | undefined;
  /** The session if this call creates it. */
  session: NewSession;
}

export interface Opened {
  session: SessionRecord;
  /** `created`: by this call. `reopened`: a failed session was set back to pending. `existing`: no change. */
  outcome: 'created' | 'reopened' | 'existing';
}

/** Opening lost `MAX_ROUNDS` races in a row: the room is opened and closed faster than it can be read. */
export class RoomContendedError extends CodedError {
  readonly code = 'room-contended';
}

const MAX_ROUNDS = 10;

/** The live sessions of all owners of one kind. A unique index, not an in-process lock, ensures at most one for each. */
export class LiveSessions {
  private readonly liveOf: (parameter: string) => string;
  private readonly loader: BatchLoader<SessionRecord>;
  private readonly changing = new Map<string, Promise<undefined>>();

  constructor(
    owner: Owner,
    private readonly database: Database,
    private readonly deadlineFailures: DeadlineFailures,
    private readonly newSessions: NewSessions,
  ) {
    this.liveOf = LIVE_OF[owner];
    this.loader = new BatchLoader<SessionRecord>(async (names) => {
      const rows = await database.query<SessionRow>(
        `${SELECT_SESSIONS} WHERE ${this.liveOf('ANY($1)')} AND seen.status <> 'expired'`,
        [names],
      );
      return new Map(rows.map((row) => [row[owner] ?? '', toRecord(row)]));
    });
  }

  /**
   * The live session of a name; one past its expiry is no longer live. Concurrent lookups share a statement and the
   * returned record, so callers must not modify it.
   */
  async find(name: string): Promise<SessionRecord | null> {
    return this.loader.load(name);
  }

  /**
   * Gets or creates the live session of a name. An existing session costs a SELECT and a new one an INSERT, both shared
   * with other requests; only a session that must make way or is reopened needs a transaction of its own.
   */
  async open(name: string, opening: Opening): Promise<Opened> {
    let triedByOther = false;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = await this.find(name);
      if (found !== null && (triedByOther || !mayReopen(found))) return { session: found, outcome: 'existing' };
      const isNew = found === null && round === 0;
      const changed = await this.changeSingleFlight(name, opening, isNew);
      triedByOther = changed === 'under way';
      if (changed === 'under way') continue;
      if (changed !== null) return changed;
      if (found === null) continue;
      // It may have been rotated or closed instead of reopened.
      const current = await this.find(name);
      if (current?.id === found.id) return { session: current, outcome: 'existing' };
    }
    throw new RoomContendedError('The session is changing too fast');
  }

  /**
   * If many requests of this process find no session, one attempts the change and the others read again afterwards. This
   * only saves transactions: the unique index still decides which request wins.
   */
  private async changeSingleFlight(
    name: string,
    opening: Opening,
    isNew: boolean,
  ): Promise<Opened | null | 'under way'> {
    const other = this.changing.get(name);
    if (other !== undefined) {
      await other;
      return 'under way';
    }
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.changing.set(name, promise);
    try {
      return await (isNew ? this.insert(opening) : this.change(name, opening));
    } finally {
      this.changing.delete(name);
      resolve(undefined);
    }
  }

  /** Null if there is a session after all: of a faster request, or one that must make way. */
  private async insert({ session }: Opening): Promise<Opened | null> {
    const inserted = await this.newSessions.insert(session);
    return inserted === null ? null : { session: inserted, outcome: 'created' };
  }

  /** Null if another request was faster, or the failed session must not be reopened yet. */
  private async change(name: string, { session, wanted }: Opening): Promise<Opened | null> {
    let overdue: DeadlineFailure[] = [];
    const opened = await this.database.transaction(async (statements): Promise<Opened | null> => {
      overdue = await settleOverdue(statements, this.liveOf('$1'), name);
      const reopened = await retryFailed(
        statements,
        `${this.liveOf('$3')}
             AND ${checked(`s.status = 'failed' AND s.failure_code = ANY($4) AND ${MAY_REOPEN}`)}
             AND ($5::text[] IS NULL OR s.products = $5)`,
        [session.deadlineS, session.readyWithinS, name, RETRYABLE_FAILURES, wanted ?? null],
      );
      const id = reopened ?? (await insertSession(statements, session));
      if (id === null) return null;
      const action = reopened === null ? 'create' : 'retry';
      await auditChange(statements, { actor: session.createdBy, action, sessionId: id });
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

/** Settles the overdue session of a name, so that it does not block the unique index. Returns it if it failed. */
async function settleOverdue(statements: Queryable, where: string, name: string): Promise<DeadlineFailure[]> {
  const expired = await expireDue(statements, where, [name]);
  const failed = await failOverdue(statements, where, [name]);
  await notifySessionsChanged(statements, [...expired, ...failed.map(({ id }) => id)]);
  return failed;
}
