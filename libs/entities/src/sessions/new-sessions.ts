import { Injectable } from '@nestjs/common';
import { tracing } from '@app/tracing';
import { GroupCommit } from '../database/group-commit.js';
import { Database } from '../database/database.js';
import { type SessionRecord, type SessionRow, toRecord } from './session-record.js';
import { type NewSession, REVIVE_AFTER_S } from './session-transitions.js';

/**
 * One statement inserts any number of pending sessions, each as the next generation of its room and with its entry in the
 * audit trail. Those that a live session is in the way of are left out. In the order of rooms and subjects, so that
 * gateways that open the same ones do not wait for each other in a circle.
 */
const INSERT = `
  WITH made AS (
    INSERT INTO sessions (id, room, chat_subject, generation, status, products, metadata, created_by, created_at,
                          ready_within_s, deadline_at, due_at, traceparent)
    SELECT i.id, i.room, i."chatSubject",
           COALESCE((SELECT max(s.generation) FROM sessions s WHERE s.room = i.room), 0) + 1, 'pending',
           i.products, i.metadata, i."createdBy", statement_timestamp(), i."readyWithinS",
           statement_timestamp() + make_interval(secs => COALESCE(i."readyWithinS", i."deadlineS")),
           statement_timestamp() + make_interval(secs => ${String(REVIVE_AFTER_S)}), i.traceparent
    FROM jsonb_to_recordset($1::jsonb)
         AS i (id text, room text, "chatSubject" text, products text[], metadata jsonb, "createdBy" text,
               "readyWithinS" integer, "deadlineS" float8, traceparent text)
    ORDER BY i.room, i."chatSubject", i.id
    ON CONFLICT DO NOTHING
    RETURNING id, room, chat_subject, generation, status, version, products, metadata, created_by, created_at
  ), audited AS (
    INSERT INTO audit_entries (id, at, actor, action, session_id, count)
    SELECT gen_random_uuid(), m.created_at, m.created_by, 'create', m.id, 1 FROM made m
  )
  SELECT id, room, chat_subject AS "chatSubject", generation, status, version, products, metadata,
         created_by AS "createdBy",
         created_at AS "createdAt", NULL AS "readyAt", NULL AS "expiresAt", NULL AS "failureCode", false AS expiring,
         NULL AS tokens
  FROM made`;

/** Inserts new sessions; those that arrive together share a statement. */
@Injectable()
export class NewSessions {
  private readonly group: GroupCommit<NewSession & { traceparent?: string | undefined }, SessionRecord | null>;

  constructor(database: Database) {
    this.group = new GroupCommit({
      run: async (sessions) => {
        const rows = await database.query<SessionRow>(INSERT, [JSON.stringify(sessions)]);
        const made = new Map(rows.map((row) => [row.id, toRecord(row)]));
        return sessions.map(({ id }) => made.get(id) ?? null);
      },
    });
  }

  /**
   * The new session, or null if another one is in its way: a live one of its room or of the chat token's subject, or the
   * same generation, created and ended meanwhile.
   */
  insert(session: NewSession): Promise<SessionRecord | null> {
    const traces = tracing();
    return this.group.submit(traces === null ? session : { ...session, traceparent: traces.traceparent() });
  }
}
