import type { FailureCode } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { COUNTED_TO } from '../fleet/session-counts.repository.js';

/** Failed sessions and chat tokens that failed before a time: those that fail again meanwhile are not among them. */
export interface FailedBefore {
  /** Null for every reason. */
  code: FailureCode | null;
  before: Date;
}

/** How many there are, and the time up to which they were counted. */
export interface FailedCount {
  count: number;
  before: Date;
}

/** Failed sessions to be retried together. Overdue ones that the sweeper has yet to fail are not among them. */
@Injectable()
export class FailedSessionsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Counts up to `COUNTED_TO`.
   *
   * @param before the time of the database if absent
   */
  async count({ code, before }: Pick<FailedBefore, 'code'> & Partial<FailedBefore>): Promise<FailedCount> {
    const [row] = await this.database.query<FailedCount>(
      `SELECT COALESCE($1, statement_timestamp()) AS before,
              (SELECT count(*)::int FROM (SELECT 1 FROM ${failedRows(code)} LIMIT $2) f) AS count`,
      [before ?? null, COUNTED_TO, ...parametersOf(code)],
    );
    if (row === undefined) throw new Error('a count has no row');
    return row;
  }

  /** Ids, the oldest first: their clients have waited longest. */
  async next({ code, before }: FailedBefore, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT s.id FROM ${failedRows(code)} ORDER BY s.created_at, s.id LIMIT $2`,
      [before, limit, ...parametersOf(code)],
    );
    return rows.map(({ id }) => id);
  }
}

function parametersOf(code: FailureCode | null): FailureCode[] {
  return code === null ? [] : [code];
}

function failedRows(code: FailureCode | null): string {
  const ofCode = code === null ? '' : ' AND s.failure_code = $3';
  return `sessions s WHERE s.status = 'failed'${ofCode} AND s.ended_at <= COALESCE($1, statement_timestamp())`;
}
