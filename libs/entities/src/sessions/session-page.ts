import { type FailureCode, SESSION_STATUSES, type SessionStatus } from '@app/kernel';
import { checked } from '../database/checked.js';
import { liveInRoom } from './session-record.js';

/** The keyset cursor: creation time (ISO 8601, microseconds) and id of the last session of a page. */
export interface PagePlace {
  createdAt: string;
  id: string;
}

export interface SessionFilter {
  status?: SessionStatus | undefined;
  room?: string | undefined;
  /** Of failed sessions: those that failed for this reason. */
  failureCode?: FailureCode | undefined;
  /** Whether chat tokens are listed too. */
  chatTokens?: boolean;
  limit: number;
  after?: PagePlace | undefined;
}

/** Sessions of one stored status. */
interface Branch {
  status: SessionStatus;
  /** The time at which it ends. */
  end?: 'deadline_at' | 'expires_at';
  /** Whether this time has passed. Those are few: the sweeper has yet to move them. */
  past?: boolean;
}

/** The status a reader sees, as stored statuses: sessions past a deadline or expiry are stored under another one. */
const BRANCHES: Record<SessionStatus, readonly Branch[]> = {
  pending: [{ status: 'pending', end: 'deadline_at' }],
  ready: [{ status: 'ready', end: 'expires_at' }],
  failed: [{ status: 'failed' }, { status: 'pending', end: 'deadline_at', past: true }],
  closed: [{ status: 'closed' }],
  expired: [{ status: 'expired' }, { status: 'ready', end: 'expires_at', past: true }],
};

/**
 * Ids of sessions. An index that ends with the id decides this without reading the row, so that chat tokens between the
 * sessions of a page, of which there may be one for each user, are passed over cheaply.
 */
const IS_SESSION = `s.id >= 'ses_'`;

const NEWEST_FIRST = 'ORDER BY s.created_at DESC, s.id DESC';

/**
 * SQL that selects the ids of a page, newest first, with its parameters. The cost depends on the size of the page, not on
 * the number of stored sessions: each branch reads an index in the order of the page and stops at the limit.
 */
export function pageOfIds({ status, room, failureCode, chatTokens = false, limit, after }: SessionFilter): {
  sql: string;
  parameters: unknown[];
} {
  const parameters: unknown[] = [limit];
  const parameter = (value: unknown) => `$${String(parameters.push(value))}`;
  const inRoom = room === undefined ? undefined : parameter(room);
  const withCode = failureCode === undefined ? undefined : parameter(failureCode);
  const behind =
    after === undefined
      ? 'true'
      : `(s.created_at, s.id) < (${parameter(after.createdAt)}::timestamptz, ${parameter(after.id)})`;
  // No chat token is in a room.
  const wanted = chatTokens || room !== undefined ? behind : `${behind} AND ${IS_SESSION}`;
  const branches = branchesOf(status, room).map(
    (branch) =>
      `(SELECT s.id, s.created_at FROM ${rowsOf(branch, inRoom, withCode)} AND ${wanted} ${NEWEST_FIRST} LIMIT $1)`,
  );
  const sql = `SELECT s.id FROM (${branches.join(' UNION ALL ')}) s ${NEWEST_FIRST} LIMIT $1`;
  return { sql, parameters };
}

/** A room's sessions are indexed by status, so without a status filter every status is one branch. */
function branchesOf(status: SessionStatus | undefined, room: string | undefined): readonly (Branch | null)[] {
  if (status !== undefined) return BRANCHES[status];
  return room === undefined ? [null] : SESSION_STATUSES.map((one) => ({ status: one }));
}

/** SQL from FROM to WHERE. `null` is every session. */
function rowsOf(branch: Branch | null, room: string | undefined, code: string | undefined): string {
  if (branch === null) return 'sessions s WHERE true';
  const { status, end, past = false } = branch;
  // Only failed sessions have their code under an index; those that are overdue are few.
  const failedFor = status === 'failed' ? 's.failure_code' : `COALESCE(s.failure_code, 'deadline-exceeded')`;
  const stored = `s.status = '${status}'${code === undefined ? '' : ` AND ${failedFor} = ${code}`}`;
  const found = room === undefined ? stored : `s.room = ${room} AND ${stored}`;
  if (end === undefined) return `sessions s WHERE ${found}`;
  if (!past) return `sessions s WHERE ${found} AND ${checked(`s.${end} > statement_timestamp()`)}`;
  const ended = `s.${end} <= statement_timestamp()`;
  // A room has at most one. All others are found by their time, which takes a subquery that is read to its end: the order
  // of the page would lead through all those that have not ended.
  if (room !== undefined) return `sessions s WHERE ${liveInRoom(room)} AND ${checked(`${stored} AND ${ended}`)}`;
  const overdue = `SELECT s.id, s.created_at FROM sessions s WHERE ${stored} AND ${ended} ORDER BY s.${end} OFFSET 0`;
  return `(${overdue}) s WHERE true`;
}
