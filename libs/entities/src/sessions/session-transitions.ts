import type { PoolLimits, Product } from '@app/kernel';
import type { DeadlineFailure } from './deadline-failures.js';
import { notifySessionsChanged } from './notify-sessions-changed.js';
import { checked } from '../database/checked.js';
import type { Queryable } from '../database/queryable.js';
import { USE_INDEXES } from '../database/use-indexes.js';
import { EVENT_COLUMNS, recordEvents } from '../webhooks/outbox.js';

/**
 * The session transitions shared by several repositories. Each is one UPDATE, which rechecks its condition after
 * locking a row and so never acts on stale data, writes the events for webhooks, and returns the sessions it changed. `where` finds the rows: a condition
 * over `sessions s` on the id or the room, with its parameters.
 *
 * Time is `statement_timestamp()`, which an index can serve: `clock_timestamp()` is volatile. For a statement that waited
 * for a lock it is the time before the wait, which is safe here: what was due then is still due. Whether something is
 * still valid must be asked in a later statement than the lock (see `publish`).
 */

/** A pending session that has made no progress is enqueued again after this time, in s. */
export const REVIVE_AFTER_S = 10;

/** A failed session is put back to pending at most this often, in s: each time may lead to calls of CAS. */
export const REOPEN_EVERY_S = 10;

/** Whether a failed session may be put back to pending now, over `sessions s`. */
export const MAY_REOPEN = `(s.reopened_at IS NULL
  OR s.reopened_at <= statement_timestamp() - make_interval(secs => ${String(REOPEN_EVERY_S)}))`;

export interface NewSession {
  id: string;
  room: string | null;
  /** For a chat token: the user it is for. */
  chatSubject?: string;
  products: Product[];
  metadata: Record<string, unknown>;
  createdBy: string;
  /** The time it has to become ready, in s, if its opener gave one. */
  readyWithinS?: number | undefined;
  /** The default, in s, if there is no `readyWithinS`. */
  deadlineS: number;
  /** Whether its tokens may be taken from the warm pool, and within which limits. */
  pool?: PoolLimits | undefined;
}

/** `ready` → `expired` for sessions past their expiry. Erases the sealed tokens; the caller sends the notification. */
export async function expireDue(
  statements: Queryable,
  where: string,
  parameters: readonly unknown[],
): Promise<string[]> {
  const rows = await statements.query<{ id: string }>(
    `WITH changed AS (
       UPDATE sessions s SET status = 'expired', version = version + 1, ended_at = statement_timestamp()
       WHERE ${where} AND ${checked(`s.status = 'ready' AND s.expires_at <= statement_timestamp()`)}
       RETURNING ${EVENT_COLUMNS}
     ), recorded AS (${recordEvents('changed')})
     SELECT id FROM changed`,
    parameters,
  );
  const ids = rows.map((row) => row.id);
  await eraseContents(statements, ids);
  return ids;
}

/** `pending` → `failed` for sessions past their deadline. The caller sends the notification and reports the failures. */
export async function failOverdue(
  statements: Queryable,
  where: string,
  parameters: readonly unknown[],
): Promise<DeadlineFailure[]> {
  return statements.query<DeadlineFailure>(
    `WITH changed AS (
       UPDATE sessions s SET status = 'failed', failure_code = COALESCE(s.failure_code, 'deadline-exceeded'),
              version = version + 1, ended_at = statement_timestamp(),
              timeline = timeline_append(s.timeline, jsonb_build_array(jsonb_build_object(
                'event', 'failed', 'reason', 'deadline', 'code', COALESCE(s.failure_code, 'deadline-exceeded'))))
       WHERE ${where} AND ${checked(`s.status = 'pending' AND s.deadline_at <= statement_timestamp()`)}
       RETURNING ${EVENT_COLUMNS}
     ), recorded AS (${recordEvents('changed')})
     SELECT id, failure_code AS code FROM changed`,
    parameters,
  );
}

/**
 * `failed` → `pending` with a new deadline, and notifies. The time until then is `$2` if given, else the session's own, else
 * `$1`, in s. Returns null if none matched.
 */
export async function retryFailed(
  statements: Queryable,
  where: string,
  parameters: readonly [deadlineS: number, readyWithinS: number | undefined, ...rest: unknown[]],
): Promise<string | null> {
  const [row] = await statements.query<{ id: string }>(
    `UPDATE sessions s SET status = 'pending', failure_code = NULL, attempts = 0, not_before = NULL, ended_at = NULL,
            version = version + 1, reopened_at = statement_timestamp(),
            ready_within_s = COALESCE($2::integer, s.ready_within_s),
            deadline_at = statement_timestamp() + make_interval(secs => COALESCE($2::integer, s.ready_within_s, $1::float8)),
            due_at = statement_timestamp() + make_interval(secs => ${String(REVIVE_AFTER_S)})
     WHERE ${where} RETURNING s.id`,
    parameters,
  );
  if (row === undefined) return null;
  await notifySessionsChanged(statements, [row.id]);
  return row.id;
}

/**
 * Erases what sessions that have ended must not keep: their tokens and seats. The rows of the tokens are kept, so that
 * their primary key still prevents publishing another token.
 */
export async function eraseContents(statements: Queryable, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await statements.query(USE_INDEXES);
  await statements.query(
    // OFFSET 0: a lookup for each session.
    `WITH freed AS (DELETE FROM seats WHERE ctid = ANY(ARRAY(
       SELECT s.ctid FROM unnest($1::text[]) AS ended (id)
       CROSS JOIN LATERAL (SELECT ctid FROM seats WHERE session_id = ended.id OFFSET 0) s)))
     UPDATE session_tokens SET sealed = NULL WHERE session_id = ANY($1)`,
    [ids],
  );
}
