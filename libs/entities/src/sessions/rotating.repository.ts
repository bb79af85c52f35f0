import { newSessionId, type PoolLimits, type Product, type SessionStatus } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { auditChange } from '../audit/audit.repository.js';
import { checked } from '../database/checked.js';
import { Database } from '../database/database.js';
import { appendNotes } from '../timeline/append-notes.js';
import { EVENT_COLUMNS, recordEvents, recordRotation } from '../webhooks/outbox.js';
import { notifySessionsChanged } from './notify-sessions-changed.js';
import { SELECT_SESSIONS, type SessionRecord, type SessionRow, toRecord } from './session-record.js';
import { insertSession } from './insert-sessions.js';
import { eraseContents } from './session-transitions.js';

export interface Rotation {
  /** The caller, who creates the next generation and is recorded in the audit trail. */
  actor: string;
  /** Maximum time of the next generation in `pending`, in s. */
  deadlineS: number;
  /** Whether its tokens may be taken from the warm pool, and within which limits. */
  pool?: PoolLimits | undefined;
  /** Why an operator rotates it, for the audit trail. */
  reason?: string | undefined;
}

/** SQL: an endpoint that hears of rotations is told of this one, and not of the close too. */
const ROTATED_IS_TOLD = `s.status = 'closed' AND 'session.rotated' = ANY(e.types)`;

interface Ended {
  room: string | null;
  status: SessionStatus;
  products: Product[];
  metadata: Record<string, unknown>;
}

/** Replaces the session of a room by its next generation. */
@Injectable()
export class RotatingRepository {
  constructor(private readonly database: Database) {}

  /**
   * Closes a live session of a room and opens the next generation with its products and metadata, in one transaction:
   * readers see the one or the other. Of concurrent rotations of one session only the first finds it live.
   *
   * @returns the next generation, or null if the session was no longer live
   */
  async rotate(id: string, { actor, deadlineS, pool, reason }: Rotation): Promise<SessionRecord | null> {
    return this.database.transaction(async (statements) => {
      // Locks the row and checks its state again under the lock. Until the commit, the entry of the old session in the
      // unique index makes every concurrent opening of the room wait, so the next generation is this one.
      const [ended] = await statements.query<Ended>(
        `WITH ended AS (
           UPDATE sessions s SET version = version + 1, ended_at = statement_timestamp(),
                  status = CASE WHEN status = 'ready' AND expires_at <= statement_timestamp() THEN 'expired' ELSE 'closed' END
           WHERE id = $1 AND ${checked(`room IS NOT NULL AND status IN ('pending', 'ready', 'failed')`)}
           RETURNING ${EVENT_COLUMNS}, s.products
         ), recorded AS (${recordEvents('ended', { unless: ROTATED_IS_TOLD })})
         SELECT room, status, products, metadata FROM ended`,
        [id],
      );
      if (ended === undefined) return null;
      await eraseContents(statements, [id]);
      await notifySessionsChanged(statements, [id]);
      // Ended by its expiry, not by this actor: the room is free to be opened.
      if (ended.status === 'expired') return null;
      await auditChange(statements, { actor, action: 'close', sessionId: id, reason });
      const { room, products, metadata } = ended;
      const next = { id: newSessionId(), room, products, metadata, createdBy: actor, deadlineS, pool };
      const nextId = await insertSession(statements, next);
      if (nextId === null) throw new Error('the room of a session that was just closed has another one');
      await auditChange(statements, { actor, action: 'create', sessionId: nextId });
      await recordRotation(statements, id, nextId);
      await appendNotes(statements, {
        [id]: [{ event: 'replaced', by: nextId }],
        [nextId]: [{ event: 'replaces', session: id }],
      });
      const [row] = await statements.query<SessionRow>(`${SELECT_SESSIONS} WHERE s.id = $1`, [nextId]);
      if (row === undefined) throw new Error('a session that was just inserted is missing');
      return toRecord(row);
    });
  }
}
