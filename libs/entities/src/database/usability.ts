import type { Queryable } from './queryable.js';

/** What gateways and workers do with the tables; see docker/grants.sql. */
const TABLES = ['sessions', 'session_tokens', 'idempotency_keys', 'api_keys', 'audit_entries', 'seats'];
const RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** The server answers, but the work cannot be done. Has the form of a server error, for `classifyCause`. */
class NotUsableError extends Error {
  constructor(
    readonly code: '25006' | '42501',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Checks that this role could read and write the tables now: cheaper than writing, and as good, since it looks at what
 * a write would fail for. Rejects with an error that `classifyCause` understands.
 */
export async function assertWritable(database: Queryable): Promise<void> {
  const [row] = await database.query<{ readOnly: boolean; missing: string[] }>(
    `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS "readOnly",
            ARRAY(SELECT format('table %s (%s)', t.name, r.name)
                  FROM unnest($1::text[]) AS t (name), unnest($2::text[]) AS r (name)
                  WHERE NOT has_table_privilege(t.name, r.name)) AS missing`,
    [TABLES, RIGHTS],
  );
  if (row?.readOnly === true) throw new NotUsableError('25006', 'the server is read-only');
  const [missing] = row?.missing ?? [];
  if (missing !== undefined) throw new NotUsableError('42501', `permission denied for ${missing}`);
}
