import { encodeSessionEvents, SESSION_EVENTS_CHANNEL } from '@app/kernel';
import type { Queryable } from '../database/database.js';

/**
 * Notifies every gateway, when the transaction commits, that these sessions changed. NOTIFY holds a database-wide lock
 * during the commit, so a transaction notifies for all its sessions in one statement: as few payloads as their size
 * limit permits.
 */
export async function notifySessionsChanged(statements: Queryable, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await statements.query('SELECT pg_notify($1, payload) FROM unnest($2::text[]) payload', [
    SESSION_EVENTS_CHANNEL,
    encodeSessionEvents(ids),
  ]);
}
