import { encodeSessionEvents, SESSION_EVENTS_CHANNEL } from '@app/kernel';
import type { Statements } from './database.js';

/**
 * Tells every gateway that these sessions changed, at the commit of the transaction. NOTIFY holds a database-wide lock
 * while it commits, so a transaction announces all its sessions at once.
 */
export async function announce(statements: Statements, ids: readonly string[]): Promise<void> {
  for (const payload of encodeSessionEvents(ids)) {
    await statements.rows('SELECT pg_notify($1, $2)', [SESSION_EVENTS_CHANNEL, payload]);
  }
}
