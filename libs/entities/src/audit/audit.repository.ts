import type { AuditAction, AuditedChange, CountedAction } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Queryable } from '../database/queryable.js';
import { type AuditFilter, type AuditPlace, pageOfItems } from './audit-page.js';

/** How often an actor performed an action. */
export interface AuditCount {
  /** A UUID that makes adding idempotent. */
  id: string;
  actor: string;
  action: CountedAction;
  sessionId: string | null;
  count: number;
  /** Age of the counted actions, in s. */
  ageS: number;
}

export interface AuditItem {
  at: Date;
  actor: string;
  action: AuditAction;
  session: string | null;
  count: number;
  /** Why an operator made the change; null if none was asked for. */
  reason: string | null;
}

/** Who makes a change, and why, if an operator said so. */
export interface ChangedBy {
  actor: string;
  reason?: string | null | undefined;
}

/** Records a change of a session, or of an endpoint of webhooks or a delivery by its id, in the same transaction as the change. */
export async function auditChange(
  statements: Queryable,
  {
    actor,
    action,
    sessionId,
    count = 1,
    reason = null,
  }: ChangedBy & { action: AuditedChange; sessionId: string; count?: number },
): Promise<void> {
  await statements.query(
    `INSERT INTO audit_entries (id, at, actor, action, session_id, count, reason)
     VALUES (gen_random_uuid(), statement_timestamp(), $1, $2, $3, $4, $5)`,
    [actor, action, sessionId, count, reason],
  );
}

/** The audit trail: append-only. */
@Injectable()
export class AuditRepository {
  constructor(private readonly database: Database) {}

  /** Adds counts, each to the minute it belongs to. Idempotent, so a call with an unknown outcome can be repeated. */
  async add(counts: readonly AuditCount[]): Promise<void> {
    await this.database.query(
      `INSERT INTO audit_entries (id, at, actor, action, session_id, count)
       SELECT c.id, date_trunc('minute', statement_timestamp() - make_interval(secs => c.age_s)),
              c.actor, c.action, c.session_id, c.count
       FROM unnest($1::uuid[], $2::float8[], $3::text[], $4::text[], $5::text[], $6::integer[])
            AS c (id, age_s, actor, action, session_id, count)
       ON CONFLICT (id) DO NOTHING`,
      [
        counts.map((one) => one.id),
        counts.map((one) => one.ageS),
        counts.map((one) => one.actor),
        counts.map((one) => one.action),
        counts.map((one) => one.sessionId ?? ''),
        counts.map((one) => one.count),
      ],
    );
  }

  /** A page of items, newest first. Entries of the same minute, actor, action and session are merged into one item. */
  async list(filter: AuditFilter): Promise<{ items: AuditItem[]; next: AuditPlace | null }> {
    const { limit } = filter;
    const { sql, parameters } = pageOfItems({ ...filter, limit: limit + 1 });
    const rows = await this.database.query<Omit<AuditItem, 'session'> & { session: string; place: string }>(
      sql,
      parameters,
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(({ place: _, ...item }) => ({ ...item, session: item.session === '' ? null : item.session })),
      next:
        rows.length > limit && last !== undefined
          ? { at: last.place, actor: last.actor, action: last.action, session: last.session }
          : null,
    };
  }
}
