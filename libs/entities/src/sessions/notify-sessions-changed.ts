import { encodeSessionEvents, SESSION_EVENTS_CHANNEL } from '@app/kernel';
import type { Queryable } from '../database/queryable.js';

/**
 * Notifies every gateway, when the transaction commits, that these sessions changed. NOTIFY holds a database-wide lock
 * during the commit, so a transaction notifies for all its sessions in one call.
 */
export async function notifySessionsChanged(statements: Queryable, ids: readonly string[]): Promise<void> {
  for (const payload of encodeSessionEvents(ids)) {
    await statements.query('SELECT pg_notify($1, $2)', [SESSION_EVENTS_CHANNEL, payload]);
  }
}

/**
 * SQL: the same as an expression of the statement that changes the sessions, for those in the column `id` of the CTE
 * `changed`. At most 200, which fit into one payload.
 */
export function notifyChanged(changed: string): string {
  return `(SELECT pg_notify('${SESSION_EVENTS_CHANNEL}', string_agg(id, ',')) FROM ${changed} HAVING count(*) > 0)`;
}
