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

/** Failed sessions to be retried together. Overdue ones that the sweeper has yet to fail are not among them. */
@Injectable()
export class FailedSessionsRepository {
  constructor(private readonly database: Database) {}

  /** Counts up to `COUNTED_TO`. */
  async count(filter: FailedBefore): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM (SELECT 1 FROM ${failedRows(filter)} LIMIT $2) f`,
      [filter.before, COUNTED_TO, ...codeOf(filter)],
    );
    return row?.count ?? 0;
  }

  /** Ids, the oldest first: their clients have waited longest. */
  async next(filter: FailedBefore, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT s.id FROM ${failedRows(filter)} ORDER BY s.created_at, s.id LIMIT $2`,
      [filter.before, limit, ...codeOf(filter)],
    );
    return rows.map(({ id }) => id);
  }
}

function codeOf({ code }: FailedBefore): FailureCode[] {
  return code === null ? [] : [code];
}

function failedRows({ code }: FailedBefore): string {
  return `sessions s WHERE s.status = 'failed'${code === null ? '' : ' AND s.failure_code = $3'} AND s.ended_at <= $1`;
}
