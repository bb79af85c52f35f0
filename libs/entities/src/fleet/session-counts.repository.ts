import type { FailureCode } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** Counted up to here: the cost must not grow with what is stored. */
export const COUNTED_TO = 20_000;

/** Sessions by state; a number of `COUNTED_TO` means that or more. */
export interface SessionCounts {
  pending: number;
  ready: number;
  failed: number;
  failedByCode: Partial<Record<FailureCode, number>>;
  /** Calls of CAS that the pending ones need, at most. */
  pendingCalls: number;
  /** Age of the oldest pending one since its creation or last retry, in s; null if none is pending. */
  oldestPendingS: number | null;
  /** When the first pending one fails unless it becomes ready. */
  firstDeadlineAt: Date | null;
  /** The time of the database. */
  now: Date;
}

const IS_SESSION = `id >= 'ses_'`;

/** Counts of sessions for the console, without chat tokens. */
@Injectable()
export class SessionCountsRepository {
  constructor(private readonly database: Database) {}

  /** Each part reads a partial index, up to the limit. */
  async count(): Promise<SessionCounts> {
    const [row] = await this.database.query<
      Omit<SessionCounts, 'failed' | 'failedByCode'> & { failedByCode: Partial<Record<FailureCode, number>> | null }
    >(
      `SELECT pending.count AS pending, pending.calls AS "pendingCalls", pending.oldest AS "oldestPendingS", statement_timestamp() AS now,
              (SELECT min(first.deadline_at) FROM (
                 SELECT deadline_at FROM sessions WHERE status = 'pending' ORDER BY deadline_at LIMIT 1) first
              ) AS "firstDeadlineAt",
              (SELECT count(*)::int FROM (
                 SELECT 1 FROM sessions WHERE status = 'ready' AND ${IS_SESSION} LIMIT $1) r) AS ready,
              (SELECT json_object_agg(code, count) FROM (
                 SELECT f.failure_code AS code, count(*)::int AS count FROM (
                   SELECT failure_code FROM sessions WHERE status = 'failed' AND ${IS_SESSION} LIMIT $1) f
                 GROUP BY f.failure_code) c) AS "failedByCode"
       FROM (SELECT count(*)::int AS count, COALESCE(sum(cardinality(products)), 0)::float8 AS calls,
                    extract(epoch FROM statement_timestamp() - min(GREATEST(created_at, reopened_at)))::float8 AS oldest
             FROM (SELECT created_at, reopened_at, products FROM sessions
                   WHERE status = 'pending' AND ${IS_SESSION} LIMIT $1) p) pending`,
      [COUNTED_TO],
    );
    if (row === undefined) throw new Error('a count has no row');
    const failedByCode = row.failedByCode ?? {};
    const failed = Object.values(failedByCode).reduce((sum, count) => sum + count, 0);
    return { ...row, failedByCode, failed };
  }
}
