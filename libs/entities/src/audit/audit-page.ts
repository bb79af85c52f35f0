import type { AuditAction } from '@app/kernel';

/** The keyset cursor: time (ISO 8601, microseconds), actor, action and session (or '') of the last item of a page. */
export interface AuditPlace {
  at: string;
  actor: string;
  action: AuditAction;
  session: string;
}

export interface AuditFilter {
  session?: string | undefined;
  actor?: string | undefined;
  from?: Date | undefined;
  limit: number;
  after?: AuditPlace | undefined;
}

/**
 * SQL of a page of items, newest first, with its parameters. Columns that a filter fixes are no part of the order: what
 * remains is the order of the index that begins with them, which is read until the page is full.
 */
export function pageOfItems({ session, actor, from, limit, after }: AuditFilter): {
  sql: string;
  parameters: unknown[];
} {
  const parameters: unknown[] = [limit];
  const parameter = (value: unknown) => `$${String(parameters.push(value))}`;
  const order = [
    { column: 'at', place: after?.at, type: '::timestamptz' },
    { column: 'actor', place: after?.actor, fixed: actor },
    { column: 'action', place: after?.action },
    { column: 'session_id', place: after?.session, fixed: session },
  ];
  const keys = order.filter(({ fixed }) => fixed === undefined);
  const conditions = order.flatMap(({ column, fixed }) =>
    fixed === undefined ? [] : [`${column} = ${parameter(fixed)}`],
  );
  // As a row with the fixed column: `at` alone would let the planner read every entry since then, of whomever.
  const lead = order.findLast(({ fixed }) => fixed !== undefined);
  if (from !== undefined && lead === undefined) conditions.push(`at >= ${parameter(from)}`);
  if (from !== undefined && lead !== undefined)
    conditions.push(`(${lead.column}, at) >= (${parameter(lead.fixed)}, ${parameter(from)}::timestamptz)`);
  if (after !== undefined) {
    const places = keys.map(({ place, type = '' }) => `${parameter(place)}${type}`);
    conditions.push(`(${keys.map(({ column }) => column).join(', ')}) < (${places.join(', ')})`);
  }
  const sql = `
    SELECT at, actor, action, session_id AS session, sum(count)::float8 AS count, max(reason) AS reason,
           to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS place
    FROM audit_entries ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
    GROUP BY at, actor, action, session_id
    ORDER BY ${keys.map(({ column }) => `${column} DESC`).join(', ')} LIMIT $1`;
  return { sql, parameters };
}
