import { Injectable } from '@nestjs/common';
import { notifySessionsChanged } from './notify-sessions-changed.js';
import { checked } from '../database/checked.js';
import { Database } from '../database/database.js';
import { EVENT_COLUMNS, recordEvents } from '../webhooks/outbox.js';
import { DeadlineFailures } from './deadline-failures.js';
import { expireDue, failOverdue } from './session-transitions.js';

/** Maximum sessions or idempotency keys per statement. */
export const SWEEP_BATCH = 1000;
/** Maximum sessions per statement that writes events: one for each of up to 50 endpoints, all within its timeout. */
export const EVENTS_BATCH = 200;
/** SQL: whether a ready session is no chat token and lives longer than the notice of its expiry (`$1`, in s). */
const MAY_ANNOUNCE = '(s.chat_subject IS NULL AND s.expires_at - s.ready_at > make_interval(secs => $1))';

const LIVE = ['pending', 'ready', 'failed'] as const;
type LiveStatus = (typeof LIVE)[number];
/** An operator needs no exact number above this, and every worker counts at every scrape. */
const COUNTED_AT_MOST = 100_000;

/** Larger, since audit entries are small, numerous and not referenced by other rows. */
export const AUDIT_BATCH = 5000;

/**
 * Time-driven transitions: lost jobs, expiry, deadlines, retention. Each call processes one batch, the oldest rows first,
 * read through an index. Rows that are locked are skipped, so concurrent calls share the work without waiting.
 *
 * The rows of a batch are locked by a subquery and then found by their place (`ctid`), which cannot change under the lock:
 * the cheapest way, and the only one for the planner. `ANY(ARRAY(…))` is evaluated exactly once, unlike `IN`.
 */
@Injectable()
export class SweepingRepository {
  constructor(
    private readonly database: Database,
    private readonly deadlineFailures: DeadlineFailures,
  ) {}

  /** Pending sessions that may have lost their job. Each becomes due again in 10 s. */
  async takeDue(): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `UPDATE sessions s SET due_at = statement_timestamp() + interval '10 seconds',
              timeline = timeline_append(s.timeline, '[{"event": "enqueued"}]')
       WHERE s.ctid = ANY(ARRAY(
         SELECT d.ctid FROM sessions d
         WHERE d.status = 'pending' AND d.due_at <= statement_timestamp()
           AND ${checked('d.deadline_at > statement_timestamp()')}
         ORDER BY d.due_at LIMIT ${String(SWEEP_BATCH)} FOR UPDATE SKIP LOCKED))
       RETURNING s.id`,
    );
    return rows.map((row) => row.id);
  }

  /** Expires sessions past their expiry, erases their tokens, and returns how many. */
  async expire(): Promise<number> {
    return this.database.transaction(async (statements) => {
      // A commit that notifies holds a lock of the whole server until it is on disk, so batches of one moment would wait
      // for each other's disk writes, and requests for theirs. A crash of the server at worst undoes the last ones: they
      // are past their expiry as before, and expired again.
      await statements.query('SET LOCAL synchronous_commit = off');
      const ids = await expireDue(
        statements,
        `s.ctid = ANY(ARRAY(
           SELECT d.ctid FROM sessions d WHERE d.status = 'ready' AND d.expires_at <= statement_timestamp()
           ORDER BY d.expires_at LIMIT ${String(EVENTS_BATCH)} FOR UPDATE SKIP LOCKED))`,
        [],
      );
      await notifySessionsChanged(statements, ids);
      return ids.length;
    });
  }

  /**
   * Announces the expiry of sessions that end within `noticeS`, once, and returns how many it found. Those that live no
   * longer than that are only marked: told at once to open its room again, an app would get the same session.
   */
  async announceExpiry(noticeS: number): Promise<number> {
    return this.database.transaction(async (statements) => {
      const rows = await statements.query<{ id: string; announced: boolean }>(
        `WITH marked AS (
           UPDATE sessions s SET expiry_announced = ${MAY_ANNOUNCE}, version = version + ${MAY_ANNOUNCE}::int,
                  timeline = CASE WHEN ${MAY_ANNOUNCE} THEN timeline_append(s.timeline, '[{"event": "expiring"}]')
                             ELSE s.timeline END
           WHERE s.ctid = ANY(ARRAY(
             SELECT d.ctid FROM sessions d
             WHERE d.status = 'ready' AND d.expiry_announced IS NULL
               AND d.expires_at > statement_timestamp()
               AND d.expires_at <= statement_timestamp() + make_interval(secs => $1)
             ORDER BY d.expires_at LIMIT ${String(EVENTS_BATCH)} FOR UPDATE SKIP LOCKED))
           RETURNING ${EVENT_COLUMNS}, s.expiry_announced
         ), announced AS (
           SELECT * FROM marked WHERE expiry_announced
         ), recorded AS (${recordEvents('announced', { type: `'session.expiring'` })})
         SELECT m.id, m.expiry_announced AS announced FROM marked m`,
        [noticeS],
      );
      await notifySessionsChanged(
        statements,
        rows.filter(({ announced }) => announced).map(({ id }) => id),
      );
      return rows.length;
    });
  }

  /** Fails sessions past their deadline, and returns how many. */
  async failOverdue(): Promise<number> {
    const failed = await this.database.transaction(async (statements) => {
      const overdue = await failOverdue(
        statements,
        `s.ctid = ANY(ARRAY(
           SELECT d.ctid FROM sessions d WHERE d.status = 'pending' AND d.deadline_at <= statement_timestamp()
           ORDER BY d.deadline_at LIMIT ${String(EVENTS_BATCH)} FOR UPDATE SKIP LOCKED))`,
        [],
      );
      await notifySessionsChanged(
        statements,
        overdue.map(({ id }) => id),
      );
      return overdue;
    });
    this.deadlineFailures.report(failed);
    return failed.length;
  }

  /** Deletes sessions that ended over `retentionS` ago, with their tokens and idempotency keys, and returns how many. */
  async purgeSessions(retentionS: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM sessions WHERE ctid = ANY(ARRAY(
         SELECT d.ctid FROM sessions d
         WHERE d.ended_at <= statement_timestamp() - make_interval(secs => $1)
           AND d.status IN ('closed', 'expired', 'failed')
         ORDER BY d.ended_at LIMIT ${String(SWEEP_BATCH)} FOR UPDATE SKIP LOCKED))
       RETURNING 1`,
      [retentionS],
    );
    return rows.length;
  }

  /** Deletes idempotency keys older than 24 hours, and returns how many. */
  async purgeIdempotencyKeys(): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
         SELECT d.ctid FROM idempotency_keys d WHERE d.created_at <= statement_timestamp() - interval '24 hours'
         ORDER BY d.created_at LIMIT ${String(SWEEP_BATCH)} FOR UPDATE SKIP LOCKED))
       RETURNING 1`,
    );
    return rows.length;
  }

  /** Deletes audit entries older than `retentionS`, and returns how many. */
  async purgeAudit(retentionS: number): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM audit_entries WHERE ctid = ANY(ARRAY(
         SELECT d.ctid FROM audit_entries d WHERE d.at <= statement_timestamp() - make_interval(secs => $1)
         ORDER BY d.at LIMIT ${String(AUDIT_BATCH)} FOR UPDATE SKIP LOCKED))
       RETURNING 1`,
      [retentionS],
    );
    return rows.length;
  }

  /** Live sessions and chat tokens by status, each counted up to `COUNTED_AT_MOST`: bounded, and from an index. */
  async countLive(): Promise<Record<LiveStatus, number>> {
    const [row] = await this.database.query<Record<LiveStatus, number>>(
      `SELECT ${LIVE.map(
        (status) =>
          `(SELECT count(*)::int FROM (SELECT FROM sessions WHERE status = '${status}'
             LIMIT ${String(COUNTED_AT_MOST)}) counted) AS ${status}`,
      ).join(', ')}`,
    );
    return row ?? { pending: 0, ready: 0, failed: 0 };
  }

  /** How long the oldest session past its expiry or deadline has waited to be expired or failed, in s; 0 if none has. */
  async oldestOverdueS(): Promise<number> {
    const [row] = await this.database.query<{ age: number }>(
      `SELECT GREATEST(0, extract(epoch FROM statement_timestamp() - LEAST(
         (SELECT min(expires_at) FROM sessions WHERE status = 'ready'),
         (SELECT min(deadline_at) FROM sessions WHERE status = 'pending'))))::float8 AS age`,
    );
    return row?.age ?? 0;
  }

  /** Age of the oldest pending session since its creation or last retry, in s; 0 if none is pending. */
  async oldestPendingS(): Promise<number> {
    const [row] = await this.database.query<{ age: number | null }>(
      `SELECT extract(epoch FROM statement_timestamp() - min(GREATEST(created_at, reopened_at)))::float8 AS age
       FROM sessions WHERE status = 'pending' AND deadline_at > statement_timestamp()`,
    );
    return row?.age ?? 0;
  }
}
