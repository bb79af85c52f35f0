import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { PostgresClient } from '@app/connections';

const ANSWER_WITHIN_MS = 3000;

/**
 * Whether a connection keeps its server session; behind transaction pooling it does not. The transaction on `other`
 * occupies the server session that a pooler would otherwise reuse for `one`.
 */
export async function keepsSession(one: PostgresClient, other: PostgresClient): Promise<boolean> {
  const mark = randomBytes(8).toString('hex');
  await one.query(`SELECT set_config('watchtogether.mark', $1, false)`, [mark]);
  await other.query('BEGIN');
  await other.query('SELECT 1');
  try {
    const { rows } = await one.query<{ mark: string | null }>(
      `SELECT current_setting('watchtogether.mark', true) AS mark`,
    );
    return rows[0]?.mark === mark;
  } finally {
    await other.query('ROLLBACK');
  }
}

/** Whether LISTEN receives notifications. */
export async function listens(one: PostgresClient, other: PostgresClient): Promise<boolean> {
  const channel = `watchtogether_${randomBytes(8).toString('hex')}`;
  await one.query(`LISTEN ${channel}`);
  const heard = once(one, 'notification', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  await other.query('SELECT pg_notify($1, $2)', [channel, '']);
  await heard;
  await one.query(`UNLISTEN ${channel}`);
  return true;
}
