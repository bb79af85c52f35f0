import { Injectable } from '@nestjs/common';
import { notifySessionsChanged } from './notify-sessions-changed.js';
import { Database } from '../database/database.js';
import { expireDue, failOverdue } from './session-transitions.js';

/** Maximum rows per statement. */
export const SWEEP_BATCH = 1000;
/** Larger, since audit entries are small, numerous and not referenced by other rows. */
const AUDIT_BATCH = 5000;

/** Time-driven transitions: lost jobs, expiry, deadlines, retention. Concurrent sweepers skip each other's rows. */
@Injectable()
export class SweepingRepository {
  constructor(private readonly database: Database) {}

  /** Up to 1,000 pending sessions that may have lost their job. Each becomes due again in 10 s. */
  async takeDue(): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `UPDATE sessions s SET due_at = clock_timestamp() + interval '10 seconds'
       WHERE s.id IN (SELECT d.id FROM sessions d
                      WHERE d.status = 'pending' AND d.due_at <= clock_timestamp() AND d.deadline_at > clock_timestamp()
                      ORDER BY d.due_at LIMIT ${String(SWEEP_BATCH)} FOR UPDATE SKIP LOCKED)
       RETURNING s.id`,
    );
    return rows.map((row) => row.id);
  }

  /** Updates up to 1,000 sessions past their expiry and 1,000 past their deadline, and returns how many. */
  async moveOverdue(): Promise<{ expired: number; failed: number }> {
    return this.database.transaction(async (statements) => {
      const expired = await expireDue(
        statements,
        `s.id IN (SELECT d.id FROM sessions d WHERE d.status = 'ready' AND d.expires_at <= clock_timestamp()
                  ORDER BY d.id LIMIT ${String(SWEEP_BATCH)} FOR UPDATE SKIP LOCKED)`,
        [],
      );
      const failed = await failOverdue(
        statements,
        `s.id IN (SELECT d.id FROM sessions d WHERE d.status = 'pending' AND d.deadline_at <= clock_timestamp()
                  ORDER BY d.id LIMIT ${String(SWEEP_BATCH)} FOR UPDATE SKIP LOCKED)`,
        [],
      );
      await notifySessionsChanged(statements, [...expired, ...failed]);
      return { expired: expired.length, failed: failed.length };
    });
  }

  /** Deletes up to 1,000 sessions that ended over `retentionS` ago, and 1,000 idempotency keys older than 24 hours. */
  async purge(retentionS: number): Promise<{ sessions: number; idempotencyKeys: number }> {
    const sessions = await this.database.query(
      `DELETE FROM sessions WHERE id IN (
         SELECT d.id FROM sessions d
         WHERE d.ended_at <= clock_timestamp() - make_interval(secs => $1) AND d.status IN ('closed', 'expired', 'failed')
         ORDER BY d.ended_at LIMIT ${SWEEP_BATCH} FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [retentionS],
    );
    const keys = await this.database.query(
      `DELETE FROM idempotency_keys WHERE (caller, key) IN (
         SELECT d.caller, d.key FROM idempotency_keys d WHERE d.created_at <= clock_timestamp() - interval '24 hours'
         ORDER BY d.created_at LIMIT ${SWEEP_BATCH} FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
    );
    return { sessions: sessions.length, idempotencyKeys: keys.length };
  }

  /** Deletes up to 5,000 audit entries older than `retentionS`, oldest first, and returns how many. */
  async purgeAudit(retentionS: number): Promise<number> {
    const entries = await this.database.query(
      `DELETE FROM audit_entries WHERE id IN (
         SELECT d.id FROM audit_entries d WHERE d.at <= clock_timestamp() - make_interval(secs => $1)
         ORDER BY d.at LIMIT ${String(AUDIT_BATCH)} FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [retentionS],
    );
    return entries.length;
  }

  /** Age of the oldest pending session since its creation or last retry, in s; 0 if none is pending. */
  async oldestPendingS(): Promise<number> {
    const [row] = await this.database.query<{ age: number | null }>(
      `SELECT extract(epoch FROM clock_timestamp() - min(GREATEST(created_at, reopened_at)))::float8 AS age FROM sessions
       WHERE status = 'pending' AND deadline_at > clock_timestamp()`,
    );
    return row?.age ?? 0;
  }
}
