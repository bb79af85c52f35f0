import { Injectable } from '@nestjs/common';
import { tracing } from '@app/tracing';
import { GroupCommit } from '../database/group-commit.js';
import { Database } from '../database/database.js';
import { insertSessions, type TracedSession } from './insert-sessions.js';
import { type SessionRecord, toRecord } from './session-record.js';
import type { NewSession } from './session-transitions.js';

/** Inserts new sessions; those that arrive together share a statement. */
@Injectable()
export class NewSessions {
  private readonly group: GroupCommit<TracedSession, SessionRecord | null>;

  constructor(database: Database) {
    this.group = new GroupCommit({
      run: async (sessions) => {
        const rows = await insertSessions(database, sessions);
        const made = new Map(rows.map(({ asked, ...row }) => [asked, toRecord(row)]));
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
