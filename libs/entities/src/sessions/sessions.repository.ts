import { CodedError, newSessionId, type SessionStatus } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { notifySessionsChanged } from './notify-sessions-changed.js';
import { auditChange } from '../audit/audit.repository.js';
import { checked } from '../database/checked.js';
import { Database } from '../database/database.js';
import type { Queryable } from '../database/queryable.js';
import { EVENT_COLUMNS, recordEvents } from '../webhooks/outbox.js';
import {
  eraseContents,
  failOverdue,
  MAY_REOPEN,
  type NewSession,
  REOPEN_EVERY_S,
  retryFailed,
} from './session-transitions.js';
import { insertSession } from './insert-sessions.js';
import { pageOfIds, type PagePlace, type SessionFilter } from './session-page.js';
import { liveInRoom, SELECT_SESSIONS, type SessionRecord, type SessionRow, toRecord } from './session-record.js';
import { BatchLoader } from '../database/batch-loader.js';
import { DeadlineFailures } from './deadline-failures.js';
import { NewSessions } from './new-sessions.js';

/** A caller's Idempotency-Key and the fingerprint (hex) of the request body. */
export interface IdempotencyKey {
  caller: string;
  key: string;
  fingerprint: string;
}

export interface CreatedSession {
  session: SessionRecord;
  /** `replayed`: the key was already used with the same body, and this is the session created then. */
  outcome: 'created' | 'replayed';
}

type CreatorKind = 'key' | 'user' | 'ticket' | 'anonymous';

/** How many sessions are pending, by the kind of their creator, and of those who have many. */
export interface PendingCounts {
  all: number;
  byKind: Record<CreatorKind, number>;
  largest: Map<string, number>;
}

/** The key was already used with a different body. */
export class IdempotencyKeyReusedError extends CodedError {
  readonly code = 'idempotency-key-reused';
}

/** Another request with the same key was faster. */
class KeyClaimedError extends Error {}

export type UnnamedSession = Omit<NewSession, 'id' | 'room' | 'chatSubject'>;

/** Sessions by their TokenID. */
@Injectable()
export class SessionsRepository {
  private readonly loader = new BatchLoader<SessionRecord>(async (ids) => {
    const sessions = await this.findMany(ids);
    return new Map(sessions.map((session) => [session.id, session]));
  });

  constructor(
    private readonly database: Database,
    private readonly deadlineFailures: DeadlineFailures,
    private readonly newSessions: NewSessions,
  ) {}

  /** Concurrent lookups share a statement and the returned record, so callers must not modify it. */
  async find(id: string): Promise<SessionRecord | null> {
    return this.loader.load(id);
  }

  /** The existing sessions among these ids, in one statement. */
  async findMany(ids: readonly string[]): Promise<SessionRecord[]> {
    const rows = await this.database.query<SessionRow>(`${SELECT_SESSIONS} WHERE s.id = ANY($1)`, [ids]);
    return rows.map(toRecord);
  }

  /**
   * Pending sessions by their creators. Reads at most `atMost` of them.
   *
   * @param listedFrom creators with fewer are not listed one by one
   */
  async countPending(atMost: number, listedFrom: number): Promise<PendingCounts> {
    const rows = await this.database.query<{ creator: string; count: number }>(
      `SELECT created_by AS creator, count(*)::int AS count
       FROM (SELECT created_by FROM sessions WHERE status = 'pending' LIMIT $1) pending GROUP BY created_by`,
      [atMost],
    );
    const counts: PendingCounts = { all: 0, byKind: { key: 0, user: 0, ticket: 0, anonymous: 0 }, largest: new Map() };
    for (const { creator, count } of rows) {
      counts.all += count;
      counts.byKind[kindOf(creator)] += count;
      if (count >= listedFrom) counts.largest.set(creator, count);
    }
    return counts;
  }

  /** The id of a newer live session of the room, or null. */
  async findSuccessor(room: string, generation: number): Promise<string | null> {
    const [row] = await this.database.query<{ id: string }>(
      `SELECT s.id FROM sessions s
       WHERE ${liveInRoom('$1')} AND s.generation > $2
         AND NOT (s.status = 'ready' AND s.expires_at <= statement_timestamp())`,
      [room, generation],
    );
    return row?.id ?? null;
  }

  /** A page of sessions, newest first. The status filter applies to the status a reader would see. */
  async list(filter: SessionFilter): Promise<{ sessions: SessionRecord[]; next: PagePlace | null }> {
    const { limit } = filter;
    const { sql, parameters } = pageOfIds({ ...filter, limit: limit + 1 });
    const rows = await this.database.query<SessionRow & { place: string }>(
      `SELECT found.*, to_char(found."createdAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS place
       FROM (${SELECT_SESSIONS} WHERE s.id = ANY(ARRAY(${sql}))) found
       ORDER BY found."createdAt" DESC, found.id DESC`,
      parameters,
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      sessions: page.map(({ place: _, ...row }) => toRecord(row)),
      next: rows.length > limit && last !== undefined ? { createdAt: last.place, id: last.id } : null,
    };
  }

  /** The number of failed sessions and chat tokens, as a reader sees them. Counts at most `atMost`. */
  async countFailed(atMost: number): Promise<number> {
    const { sql, parameters } = pageOfIds({ status: 'failed', chatTokens: true, limit: atMost });
    const [row] = await this.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM (${sql}) failed`,
      parameters,
    );
    return row?.count ?? 0;
  }

  /** @throws IdempotencyKeyReusedError if the caller already used the key with a different body */
  async create(session: UnnamedSession, idempotency?: IdempotencyKey): Promise<CreatedSession> {
    if (idempotency !== undefined) return this.createOnce(session, idempotency);
    const created = await this.newSessions.insert({ ...session, id: newSessionId(), room: null });
    if (created === null) throw new Error('a session without a room was not inserted');
    return { session: created, outcome: 'created' };
  }

  private async createOnce(session: UnnamedSession, idempotency: IdempotencyKey): Promise<CreatedSession> {
    try {
      return await this.database.transaction(async (statements) => {
        const replayed = await findByKey(statements, idempotency);
        if (replayed !== null) return { session: replayed, outcome: 'replayed' };
        // The key's row references the session, so the session is inserted first.
        const id = await insertSession(statements, { ...session, id: newSessionId(), room: null });
        if (id === null) throw new Error('a session without a room was not inserted');
        // Nothing of this transaction may remain: neither the session, nor a gap in the warm pool.
        if (!(await claimKey(statements, idempotency, id))) throw new KeyClaimedError();
        await auditChange(statements, { actor: session.createdBy, action: 'create', sessionId: id });
        const made = await findIn(statements, id);
        if (made === null) throw new Error('a session that was just inserted is missing');
        return { session: made, outcome: 'created' };
      });
    } catch (error) {
      if (!(error instanceof KeyClaimedError)) throw error;
      const winner = await findByKey(this.database, idempotency);
      if (winner === null) throw new IdempotencyKeyReusedError('The Idempotency-Key is in use by another request');
      return { session: winner, outcome: 'replayed' };
    }
  }

  /**
   * Closes a session permanently and erases its tokens in the same transaction. Closing again has no effect.
   *
   * @param actor recorded in the audit trail, with the reason if an operator gave one
   */
  async close(id: string, actor: string, reason?: string): Promise<void> {
    await this.database.transaction(async (statements) => {
      const [closed] = await statements.query<{ status: SessionStatus }>(
        `WITH changed AS (
           UPDATE sessions s SET version = version + 1, ended_at = statement_timestamp(),
                  status = CASE WHEN status = 'ready' AND expires_at <= statement_timestamp() THEN 'expired' ELSE 'closed' END
           WHERE id = $1 AND ${checked(`status IN ('pending', 'ready', 'failed')`)} RETURNING ${EVENT_COLUMNS}
         ), recorded AS (${recordEvents('changed')})
         SELECT status FROM changed`,
        [id],
      );
      if (closed === undefined) return;
      await eraseContents(statements, [id]);
      await notifySessionsChanged(statements, [id]);
      // An expired session was ended by its expiry, not by this actor.
      if (closed.status === 'closed') await auditChange(statements, { actor, action: 'close', sessionId: id, reason });
    });
  }

  /**
   * Puts a failed session back to pending, whatever its failure. Any other session is unchanged.
   *
   * @param deadlineS the time until its new deadline, unless the session has its own
   * @param paced at most once in 10 s; operators may repeat it at will
   * @returns the session as it is now, and how long it cannot be retried yet, in ms
   */
  async retry(
    id: string,
    actor: string,
    deadlineS: number,
    { paced = true, reason }: { paced?: boolean; reason?: string | undefined } = {},
  ): Promise<{ session: SessionRecord | null; retryAfterMs: number }> {
    const { overdue, ...result } = await this.database.transaction(async (statements) => {
      const overdue = await failOverdue(statements, 's.id = $1', [id]);
      if (overdue.length > 0) await notifySessionsChanged(statements, [id]);
      const condition = `s.id = $3 AND ${checked(`s.status = 'failed' AND ${paced ? MAY_REOPEN : 'true'}`)}`;
      const retried = await retryFailed(statements, condition, [deadlineS, undefined, id]);
      if (retried !== null) await auditChange(statements, { actor, action: 'retry', sessionId: id, reason });
      const session = await findIn(statements, id);
      if (retried !== null || session?.status !== 'failed') return { overdue, session, retryAfterMs: 0 };
      const [row] = await statements.query<{ ms: number }>(
        `SELECT GREATEST(1, 1000 * extract(epoch FROM reopened_at + make_interval(secs => ${String(REOPEN_EVERY_S)})
                                                      - statement_timestamp()))::float8 AS ms
         FROM sessions WHERE id = $1`,
        [id],
      );
      return { overdue, session, retryAfterMs: row?.ms ?? 1 };
    });
    this.deadlineFailures.report(overdue);
    return result;
  }
}

async function findIn(statements: Queryable, id: string): Promise<SessionRecord | null> {
  const [row] = await statements.query<SessionRow>(`${SELECT_SESSIONS} WHERE s.id = $1`, [id]);
  return row === undefined ? null : toRecord(row);
}

async function findByKey(
  statements: Queryable,
  { caller, key, fingerprint }: IdempotencyKey,
): Promise<SessionRecord | null> {
  const [taken] = await statements.query<{ fingerprint: string; sessionId: string }>(
    `SELECT fingerprint, session_id AS "sessionId" FROM idempotency_keys
     WHERE caller = $1 AND key = $2 AND ${checked(`created_at > statement_timestamp() - interval '24 hours'`)}`,
    [caller, key],
  );
  if (taken === undefined) return null;
  if (taken.fingerprint !== fingerprint)
    throw new IdempotencyKeyReusedError('The Idempotency-Key was already used with a different body');
  return findIn(statements, taken.sessionId);
}

/** Keys older than 24 hours are taken over. Returns false if another request holds the key. */
async function claimKey(
  statements: Queryable,
  { caller, key, fingerprint }: IdempotencyKey,
  sessionId: string,
): Promise<boolean> {
  const claimed = await statements.query(
    `INSERT INTO idempotency_keys AS k (caller, key, fingerprint, session_id, created_at)
     VALUES ($1, $2, $3, $4, statement_timestamp())
     ON CONFLICT (caller, key) DO UPDATE
       SET fingerprint = excluded.fingerprint, session_id = excluded.session_id, created_at = excluded.created_at
       WHERE k.created_at <= statement_timestamp() - interval '24 hours'
     RETURNING 1`,
    [caller, key, fingerprint, sessionId],
  );
  return claimed.length > 0;
}

/** As in `created_by`. */
function kindOf(creator: string): CreatorKind {
  if (creator.startsWith('user:')) return 'user';
  if (creator.startsWith('ticket:')) return 'ticket';
  return creator === 'room-api' ? 'anonymous' : 'key';
}
