import { SESSION_STATUSES, type SessionStatus } from '@app/kernel';

/** The keyset cursor: creation time (ISO 8601, microseconds) and id of the last session of a page. */
export interface PagePlace {
  createdAt: string;
  id: string;
}

export interface SessionFilter {
  status?: SessionStatus | undefined;
  room?: string | undefined;
  limit: number;
  after?: PagePlace | undefined;
}

/** Sessions of one stored status. `bounded`: only those that the sweeper has yet to move, found by their time. */
interface Branch {
  condition: string;
  bounded?: true;
}

const stored = (status: SessionStatus, rest = ''): Branch => ({ condition: `s.status = '${status}'${rest}` });

/** The status a reader sees, as stored statuses: those past a deadline or expiry are stored under another one. */
const BRANCHES: Record<SessionStatus, readonly Branch[]> = {
  pending: [stored('pending', ' AND s.deadline_at > statement_timestamp()')],
  ready: [stored('ready', ' AND s.expires_at > statement_timestamp()')],
  failed: [stored('failed'), { ...stored('pending', ' AND s.deadline_at <= statement_timestamp()'), bounded: true }],
  closed: [stored('closed')],
  expired: [stored('expired'), { ...stored('ready', ' AND s.expires_at <= statement_timestamp()'), bounded: true }],
};

const NEWEST_FIRST = 'ORDER BY s.created_at DESC, s.id DESC';

/**
 * SQL that selects the ids of a page, newest first, with its parameters. The cost depends on the size of the page, not on
 * the number of stored sessions: each branch reads an index in order and stops at the limit.
 */
export function pageOfIds({ status, room, limit, after }: SessionFilter): { sql: string; parameters: unknown[] } {
  const parameters: unknown[] = [limit];
  const parameter = (value: unknown) => `$${String(parameters.push(value))}`;
  const filters = [
    ...(room === undefined ? [] : [`s.room = ${parameter(room)}`]),
    ...(after === undefined
      ? []
      : [`(s.created_at, s.id) < (${parameter(after.createdAt)}::timestamptz, ${parameter(after.id)})`]),
  ];
  const branches = branchesOf(status, room).map(({ condition, bounded }) => {
    const where = [condition, ...filters].join(' AND ');
    // OFFSET 0 has the rows found by their time first: in the order of the page it would read all that are not yet due.
    return bounded === true
      ? `(SELECT s.id, s.created_at FROM (SELECT s.id, s.created_at FROM sessions s WHERE ${where} OFFSET 0) s
          ${NEWEST_FIRST} LIMIT $1)`
      : `(SELECT s.id, s.created_at FROM sessions s WHERE ${where} ${NEWEST_FIRST} LIMIT $1)`;
  });
  const sql = `SELECT s.id FROM (${branches.join(' UNION ALL ')}) s ${NEWEST_FIRST} LIMIT $1`;
  return { sql, parameters };
}

/** A room's sessions are indexed by status, so without a status filter every status is one branch. */
function branchesOf(status: SessionStatus | undefined, room: string | undefined): readonly Branch[] {
  if (status !== undefined) return BRANCHES[status];
  return room === undefined ? [{ condition: 'true' }] : SESSION_STATUSES.map((one) => stored(one));
}
