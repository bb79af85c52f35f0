import { type TimelineEntry, timelineEntries, type TimelineSources } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Queryable } from '../database/queryable.js';
import { SEEN_STATUS } from './session-record.js';

export interface SessionTimeline {
  /** In the order of time. */
  entries: TimelineEntry[];
  /** Steps that were not kept: a session keeps its first ones and the latest. */
  omitted: number;
}

/** Audit entries of one session that are read, and deliveries: a timeline is read by people. */
const MAX_AUDIT_ENTRIES = 20_000;
const MAX_AUDIT_STEPS = 300;
const MAX_DELIVERIES = 100;

type SessionRow = TimelineSources['session'] &
  Pick<TimelineSources, 'now'> & { timeline: TimelineSources['notes'] | null };

const SESSION = `
  SELECT s.id, s.room, s.generation, s.products, seen.status, s.failure_code AS "failureCode", s.created_by AS "createdBy", s.cas_endpoint AS "casEndpoint",
         s.created_at AS "createdAt", s.ready_at AS "readyAt", s.expires_at AS "expiresAt", s.ended_at AS "endedAt",
         s.reopened_at AS "reopenedAt", s.deadline_at AS "deadlineAt", s.not_before AS "notBefore", s.due_at AS "dueAt",
         s.timeline, statement_timestamp() AS now
  FROM sessions s CROSS JOIN LATERAL (SELECT ${SEEN_STATUS} AS status) seen WHERE s.id = $1`;

const TOKENS = `
  SELECT product, key_id AS "keyId", published_at AS "publishedAt" FROM session_tokens
  WHERE session_id = $1 ORDER BY published_at, product`;

const AUDIT = `
  SELECT at, action, sum(count)::float8 AS count, count(DISTINCT actor)::int AS actors, min(actor) AS actor
  FROM (SELECT at, action, count, actor FROM audit_entries WHERE session_id = $1 ORDER BY at LIMIT ${String(MAX_AUDIT_ENTRIES)}) entries
  GROUP BY at, action ORDER BY at, action LIMIT ${String(MAX_AUDIT_STEPS)}`;

const DELIVERIES = `
  SELECT d.type, d.endpoint_id AS endpoint, d.created_at AS "createdAt",
         CASE WHEN d.status = 'pending' THEN d.due_at END AS "nextAttemptAt",
         ARRAY(SELECT json_build_object('at', a.at, 'durationMs', a.duration_ms, 'status', a.status, 'error', a.error)
               FROM webhook_attempts a WHERE a.delivery_id = d.id ORDER BY a.attempt) AS attempts
  FROM webhook_deliveries d WHERE d.session_id = $1 ORDER BY d.created_at LIMIT ${String(MAX_DELIVERIES)}`;

/** The lives of sessions, from their rows, their notes, the audit trail and the deliveries of webhooks. */
@Injectable()
export class TimelineRepository {
  constructor(private readonly database: Database) {}

  /** The timeline of a session or chat token, or null if it does not exist. */
  async find(id: string): Promise<SessionTimeline | null> {
    const sources = await this.database.transaction((statements) => readSources(statements, id));
    return sources === null ? null : timelineEntries(sources);
  }
}

async function readSources(statements: Queryable, id: string): Promise<TimelineSources | null> {
  const [row] = await statements.query<SessionRow>(SESSION, [id]);
  if (row === undefined) return null;
  const { timeline, now, ...session } = row;
  const deliveries = await statements.query<TimelineSources['deliveries'][number]>(DELIVERIES, [id]);
  return {
    session,
    now,
    notes: timeline ?? [],
    tokens: await statements.query(TOKENS, [id]),
    audit: await statements.query(AUDIT, [id]),
    deliveries: deliveries.map(({ attempts, ...delivery }) => ({
      ...delivery,
      attempts: attempts.map((attempt) => ({ ...attempt, at: new Date(attempt.at) })),
    })),
  };
}
