import type { FailureCode, Product, SessionStatus } from '@app/kernel';

/** A session as a reader sees it: a past deadline or expiry counts, even if the sweeper has not updated the row yet. */
export interface SessionRecord {
  id: string;
  room: string | null;
  /** The user whose chat token this is; null for a session. Not for logs. */
  chatSubject: string | null;
  generation: number;
  status: SessionStatus;
  version: number;
  products: Product[];
  metadata: Record<string, unknown>;
  failureCode: FailureCode | null;
  createdBy: string;
  createdAt: Date;
  readyAt: Date | null;
  expiresAt: Date | null;
  /** Whether it is ready and its expiry was announced. */
  expiring: boolean;
  /** Sealed tokens; empty unless the session is ready. */
  tokens: { product: Product; sealed: string }[];
  /** The room's newer session; looked up only for callers that are told about it when this one ends. */
  successor?: string;
}

/** SQL for the status a reader sees, over a row `s` of `sessions`. */
export const SEEN_STATUS = `CASE
  WHEN s.status = 'pending' AND s.deadline_at <= statement_timestamp() THEN 'failed'
  WHEN s.status = 'ready' AND s.expires_at <= statement_timestamp() THEN 'expired'
  ELSE s.status END`;

/** SQL for the live session of a room, over a row `s` of `sessions`: found by the unique index. `room` is a parameter. */
export const liveInRoom = (room: string): string => `s.room = ${room} AND s.status IN ('pending', 'ready', 'failed')`;

/** SQL for the live chat token of a subject, over a row `s` of `sessions`: found by the unique index. */
export const liveForSubject = (subject: string): string =>
  `s.chat_subject = ${subject} AND s.status IN ('pending', 'ready', 'failed')`;

/** Selects `SessionRecord`s; to be followed by a WHERE clause over `s`. */
export const SELECT_SESSIONS = `
  SELECT s.id, s.room, s.chat_subject AS "chatSubject", s.generation, s.version, s.products, s.metadata,
         s.created_by AS "createdBy", s.created_at AS "createdAt", s.ready_at AS "readyAt", s.expires_at AS "expiresAt",
         seen.status, seen.status = 'ready' AND COALESCE(s.expiry_announced, false) AS expiring,
         CASE WHEN seen.status = 'failed' THEN COALESCE(s.failure_code, 'deadline-exceeded') END AS "failureCode",
         CASE WHEN seen.status = 'ready' THEN (
           SELECT json_agg(json_build_object('product', t.product, 'sealed', t.sealed) ORDER BY t.product)
                  FILTER (WHERE t.sealed IS NOT NULL)
           FROM session_tokens t WHERE t.session_id = s.id
         ) END AS tokens
  FROM sessions s CROSS JOIN LATERAL (SELECT ${SEEN_STATUS} AS status) seen`;

export type SessionRow = Omit<SessionRecord, 'tokens'> & { tokens: SessionRecord['tokens'] | null };

export function toRecord(row: SessionRow): SessionRecord {
  return { ...row, tokens: row.tokens ?? [] };
}
