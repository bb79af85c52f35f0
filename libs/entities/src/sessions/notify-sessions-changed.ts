import { encodeSessionEvents, SESSION_EVENTS_CHANNEL } from '@app/kernel';
import type { Queryable } from '../database/database.js';

/**
 * Tells every gateway that these sessions changed, at the commit of the transaction. NOTIFY holds a database-wide lock
 * while it commits, so a transaction announces all its sessions at once.
 */
export async function notifySessionsChanged(statements: Queryable, ids: readonly string[]): Promise<void> {
  for (const payload of encodeSessionEvents(ids)) {
    await statements.query('SELECT pg_notify($1, $2)', [SESSION_EVENTS_CHANNEL, payload]);
  }
}
