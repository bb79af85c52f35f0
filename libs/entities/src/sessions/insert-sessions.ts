import { tracing } from '@app/tracing';
import type { Database } from '../database/database.js';
import type { Queryable } from '../database/queryable.js';
import { USE_INDEXES } from '../database/use-indexes.js';
import { mayBeTaken } from './pool.sql.js';
import { recordEvents } from '../webhooks/outbox.js';
import type { SessionRow } from './session-record.js';
import { type NewSession, REVIVE_AFTER_S } from './session-transitions.js';

/** A session that is inserted, with the trace of its request. */
export type TracedSession = NewSession & { traceparent?: string | undefined };

/** A session that was inserted, and the id that it was asked for with: one from the pool has the id of its set. */
export type InsertedRow = SessionRow & { asked: string };

const INPUT = `jsonb_to_recordset($1::jsonb)
  AS i (id text, room text, "chatSubject" text, products text[], metadata jsonb, "createdBy" text,
        "readyWithinS" integer, "deadlineS" float8, traceparent text)`;

const COLUMNS = `id, room, chat_subject, generation, status, products, metadata, created_by, created_at,
                 ready_within_s, deadline_at, due_at, traceparent`;

/** SQL: the values of a new session, over the input `i`. */
const values = (id: string, status: string): string => `
  ${id}, i.room, i."chatSubject", COALESCE((SELECT max(s.generation) FROM sessions s WHERE s.room = i.room), 0) + 1,
  ${status}, i.products, i.metadata, i."createdBy", statement_timestamp(), i."readyWithinS",
  statement_timestamp() + make_interval(secs => COALESCE(i."readyWithinS", i."deadlineS")),
  statement_timestamp() + make_interval(secs => ${String(REVIVE_AFTER_S)}), i.traceparent`;

/** In the order of rooms and subjects, so that gateways that open the same ones do not wait for each other in a circle. */
const ORDER = 'ORDER BY i.room, i."chatSubject", i.id';

/** SQL: what a reader sees of an inserted session `m`. */
const SEEN = `m.id, m.room, m.chat_subject AS "chatSubject", m.generation, m.status, m.version, m.products, m.metadata,
  m.created_by AS "createdBy", m.created_at AS "createdAt", NULL AS "failureCode", false AS expiring`;

const AUDITED = `
  INSERT INTO audit_entries (id, at, actor, action, session_id, count)
  SELECT gen_random_uuid(), m.created_at, m.created_by, 'create', m.id, 1 FROM made m`;

const RETURNED = 'id, room, chat_subject, generation, status, version, products, metadata, created_by, created_at';

/**
 * SQL: what a session and its set have in common: their products, and their place among those with the same ones. One text,
 * since of two columns a plan may sort by the first alone and compare all with all.
 */
const slot = (row: string, order: string): string =>
  `concat_ws(' ', ${row}.products::text, row_number() OVER (PARTITION BY ${row}.products ${order})) AS slot`;

/**
 * Any number of pending sessions, each as the next generation of its room and with its entry in the audit trail. Those that
 * a live session is in the way of are left out.
 */
const INSERT_PENDING = `
  WITH made AS (
    INSERT INTO sessions (${COLUMNS})
    SELECT ${values('i.id', `'pending'`)} FROM ${INPUT}
    ${ORDER}
    ON CONFLICT DO NOTHING
    RETURNING ${RETURNED}
  ), audited AS (${AUDITED})
  SELECT ${SEEN}, m.id AS asked, NULL AS "readyAt", NULL AS "expiresAt", NULL AS tokens
  FROM made m`;

/**
 * The same with the warm pool: for each session the oldest set of exactly its products that may be taken, if there is one.
 * The session gets the id that the tokens of the set are sealed for, and is ready; the set is deleted. A set is left where
 * it is if its session is not inserted. `$2` and `$3`: the limits of the pool.
 *
 * SKIP LOCKED: a set belongs to one statement at a time, and one that was taken meanwhile is skipped. Nothing is notified,
 * since nothing can wait for a session that did not exist: a commit that notifies holds a lock of the whole server.
 *
 * @param audited SQL: whether it writes the entries in the audit trail
 */
const insertFromPool = (audited: string): string => `
  WITH input AS MATERIALIZED (
    SELECT i.*, ${slot('i', ORDER)} FROM ${INPUT}
  ), chosen AS MATERIALIZED (
    SELECT s.*, ${slot('s', 'ORDER BY s.minted_at, s.id')}
    FROM (SELECT products, count(*) AS n FROM input GROUP BY products) wanted
    CROSS JOIN LATERAL (
      SELECT p.* FROM pool_sets p
      WHERE p.products = wanted.products AND ${mayBeTaken({ maxAgeS: '$2', minLifeS: '$3' })}
      ORDER BY p.minted_at LIMIT wanted.n FOR UPDATE SKIP LOCKED) s
  ), made AS (
    INSERT INTO sessions AS s (${COLUMNS}, ready_at, expires_at, cas_endpoint, timeline)
    SELECT ${values('COALESCE(c.id, i.id)', `CASE WHEN c.id IS NULL THEN 'pending' ELSE 'ready' END`)},
           CASE WHEN c.id IS NOT NULL THEN statement_timestamp() END, c.expires_at, c.cas_endpoint,
           CASE WHEN c.id IS NOT NULL THEN timeline_append(NULL, jsonb_build_array(jsonb_build_object(
             'event', 'pooled', 'endpoint', c.cas_endpoint,
             'mintedAt', floor(1000 * extract(epoch FROM c.minted_at))::bigint))) END
    FROM input i LEFT JOIN chosen c ON c.slot = i.slot
    ${ORDER}
    ON CONFLICT DO NOTHING
    RETURNING ${RETURNED}, failure_code, ready_at, expires_at, ended_at
  ), ready AS (
    SELECT m.*, c.slot, c.sealed, c.key_id, c.token_expires_at FROM made m JOIN chosen c ON c.id = m.id
  ), published AS (
    INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at, published_at)
    SELECT r.id, t.product, t.sealed, r.key_id, t.expires_at, r.ready_at
    FROM ready r CROSS JOIN LATERAL unnest(r.products, r.sealed, r.token_expires_at) AS t (product, sealed, expires_at)
  ), taken AS (
    DELETE FROM pool_sets WHERE id = ANY(ARRAY(SELECT id FROM ready))
  ), recorded AS (${recordEvents('ready')}
  ), audited AS (${AUDITED} WHERE ${audited})
  SELECT ${SEEN}, COALESCE(i.id, m.id) AS asked, m.ready_at AS "readyAt", m.expires_at AS "expiresAt",
         (SELECT json_agg(json_build_object('product', t.product, 'sealed', t.sealed) ORDER BY t.product)
          FROM unnest(r.products, r.sealed) AS t (product, sealed)) AS tokens
  FROM made m LEFT JOIN ready r ON r.id = m.id
  LEFT JOIN input i ON i.slot = r.slot`;

const INSERT_WITH_POOL = insertFromPool('true');
const INSERT_WITH_POOL_UNAUDITED = insertFromPool('false');

/** Inserts sessions that arrived together, with their entries in the audit trail, in one transaction. */
export async function insertSessions(database: Database, sessions: readonly TracedSession[]): Promise<InsertedRow[]> {
  const input = JSON.stringify(sessions);
  const limits = sessions.find(({ pool }) => pool !== undefined)?.pool;
  if (limits === undefined) return database.query<InsertedRow>(INSERT_PENDING, [input]);
  // Sets come and go faster than their table is analyzed.
  return database.transactionOf<InsertedRow>(
    [USE_INDEXES],
    [INSERT_WITH_POOL, [input, limits.maxAgeS, limits.minLifeS]],
  );
}

/**
 * Inserts a session as the next generation of its room: a ready one from the warm pool if it may be taken from there and
 * there is a set, else a pending one. Without an entry in the audit trail.
 *
 * @returns its id; null if another one is in its way: a live one of the room or of the chat token's subject, or the same
 *   generation, created and ended meanwhile
 */
export async function insertSession(statements: Queryable, session: NewSession): Promise<string | null> {
  const traced = { ...session, traceparent: tracing()?.traceparent() };
  if (session.pool !== undefined) {
    const { maxAgeS, minLifeS } = session.pool;
    const input = JSON.stringify([traced]);
    await statements.query(USE_INDEXES);
    const [row] = await statements.query<{ id: string }>(INSERT_WITH_POOL_UNAUDITED, [input, maxAgeS, minLifeS]);
    return row?.id ?? null;
  }
  const [row] = await statements.query<{ id: string }>(
    `INSERT INTO sessions (${COLUMNS}) SELECT ${values('i.id', `'pending'`)} FROM ${INPUT} ON CONFLICT DO NOTHING RETURNING id`,
    [JSON.stringify([traced])],
  );
  return row?.id ?? null;
}
