import { GroupCommit } from '../database/group-commit.js';
import type { Database } from '../database/database.js';
import type { Queryable } from '../database/queryable.js';
import { checked } from '../database/checked.js';
import type { Product, RunNote } from '@app/kernel';
import { appendNotes, type Note, notesById } from '../timeline/append-notes.js';
import { EVENT_COLUMNS, recordEvents } from '../webhooks/outbox.js';
import { notifyChanged } from './notify-sessions-changed.js';

export interface SealedToken {
  product: Product;
  sealed: string;
  keyId: string;
  expiresAt: Date;
}

/** Tokens of one session, all of one CAS endpoint. */
export interface IssuedTokens {
  endpoint: string;
  tokens: readonly SealedToken[];
}

/** The tokens that one run has minted for a session. */
export interface MintedTokens extends IssuedTokens {
  id: string;
  /** Of the run, for the timeline: written if the session becomes ready, or has left `pending`. */
  notes: readonly RunNote[];
}

export interface Publication {
  /** Products whose token is now published. */
  published: Product[];
  /** Products whose token was too late: another one is published, or one of another endpoint, or the session is no longer pending. */
  discarded: Product[];
  /** Time from creation or last retry to ready, in ms, if this publication made the session ready; otherwise null. */
  readyAfterMs: number | null;
  /** Whether the session is still missing a product. */
  pending: boolean;
}

export const MAY_PUBLISH = checked(`s.status = 'pending' AND s.deadline_at > statement_timestamp()`);

/** In the order of the ids, so that two batches do not wait for each other in a circle. */
const LOCK = 'SELECT 1 FROM sessions WHERE id = ANY($1) ORDER BY id FOR UPDATE';

/**
 * Inserts the tokens of sessions that are pending, makes those ready that miss no product, writes their timeline and
 * events, and notifies. All tokens of a session are of one CAS endpoint: that of its first one. It runs after LOCK and so sees what the previous holders of the locks wrote, and the time after the wait for them: nothing is
 * published past its deadline.
 *
 * A token counts as published if it is the one in the table: sealing never produces the same text twice, so the sealed
 * text identifies it. The exception is a repeated publication with a `reseal` in between, which then counts as
 * discarded. This affects only a metric and a log line.
 */
const PUBLISH = `
  WITH input AS (
    SELECT * FROM jsonb_to_recordset($2::jsonb)
      AS i (n int, "sessionId" text, product text, sealed text, "keyId" text, "expiresAt" timestamptz, endpoint text)
  ), live AS (
    SELECT s.id, s.products, GREATEST(s.created_at, s.reopened_at) AS since,
           COALESCE(s.cas_endpoint, first.endpoint) AS endpoint
    FROM sessions s JOIN unnest($1::text[], $4::text[]) AS first (id, endpoint) ON first.id = s.id
    WHERE s.id = ANY($1) AND ${MAY_PUBLISH}
  ), inserted AS (
    INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at, published_at)
    SELECT i."sessionId", i.product, i.sealed, i."keyId", i."expiresAt", statement_timestamp()
    FROM input i JOIN live l ON l.id = i."sessionId" AND l.endpoint = i.endpoint
    WHERE i.product = ANY(l.products)
    ORDER BY i.n
    ON CONFLICT (session_id, product) DO NOTHING
    RETURNING session_id, product, sealed, expires_at
  ), standing AS (
    SELECT session_id, product, sealed, expires_at FROM inserted
    UNION ALL
    SELECT t.session_id, t.product, t.sealed, t.expires_at FROM session_tokens t WHERE t.session_id = ANY($1)
  ), complete AS (
    SELECT l.id, l.since, l.endpoint, min(t.expires_at) AS expires_at
    FROM live l JOIN standing t ON t.session_id = l.id
    GROUP BY l.id, l.since, l.endpoint, l.products
    HAVING count(DISTINCT t.product) FILTER (WHERE t.product = ANY(l.products)) = cardinality(l.products)
  ), begun AS (
    UPDATE sessions s SET cas_endpoint = l.endpoint
    FROM live l WHERE s.id = l.id AND s.cas_endpoint IS NULL AND l.id IN (SELECT session_id FROM inserted)
      AND l.id NOT IN (SELECT id FROM complete)
  ), ready AS (
    UPDATE sessions s SET status = 'ready', failure_code = NULL, version = version + 1,
           ready_at = statement_timestamp(), expires_at = complete.expires_at, cas_endpoint = complete.endpoint,
           timeline = timeline_append(s.timeline, $3::jsonb -> s.id)
    FROM complete WHERE s.id = complete.id
    RETURNING ${EVENT_COLUMNS}, (1000 * extract(epoch FROM s.ready_at - complete.since))::float8 AS ms
  ), recorded AS (${recordEvents('ready')})
  SELECT ids.id, l.id IS NOT NULL AND r.id IS NULL AS pending, r.ms AS "readyAfterMs",
         ARRAY(SELECT i.n FROM input i JOIN standing t
                 ON t.session_id = i."sessionId" AND t.product = i.product AND t.sealed = i.sealed
               WHERE i."sessionId" = ids.id) AS published,
         ${notifyChanged('ready')} AS notified
  FROM unnest($1::text[]) AS ids (id) LEFT JOIN live l ON l.id = ids.id LEFT JOIN ready r ON r.id = ids.id`;

interface PublishedRow {
  id: string;
  pending: boolean;
  readyAfterMs: number | null;
  /** Numbers of the tokens of the input. */
  published: number[];
}

/** Publishes tokens; runs that finish together share a transaction. */
export class Publications {
  private readonly group: GroupCommit<MintedTokens, Publication>;

  constructor(database: Database) {
    this.group = new GroupCommit({
      run: (minted) => database.transaction((statements) => publish(statements, minted)),
    });
  }

  publish(minted: MintedTokens): Promise<Publication> {
    return this.group.submit(minted);
  }
}

async function publish(statements: Queryable, minted: readonly MintedTokens[]): Promise<Publication[]> {
  const ids = [...new Set(minted.map(({ id }) => id))];
  const input = minted.flatMap(({ id, endpoint, tokens }, run) =>
    tokens.map((token) => ({ ...token, sessionId: id, endpoint, run })),
  );

  await statements.query(LOCK, [ids]);
  const rows = await statements.query<PublishedRow>(PUBLISH, [
    ids,
    JSON.stringify(input.map((token, n) => ({ ...token, n }))),
    JSON.stringify(notesById(minted)),
    ids.map((id) => minted.find((one) => one.id === id)?.endpoint),
  ]);
  const found = new Map(rows.map((row) => [row.id, row]));
  const publications = minted.map(({ id, tokens }, run) => {
    const row = found.get(id);
    const published = (row?.published ?? []).flatMap((n) => (input[n]?.run === run ? [input[n].product] : []));
    const discarded = tokens.map(({ product }) => product).filter((product) => !published.includes(product));
    // Of two runs of one session in the same batch, the first is said to have made it ready.
    const first = minted.findIndex((one) => one.id === id) === run;
    const readyAfterMs = first ? (row?.readyAfterMs ?? null) : null;
    return { published, discarded, readyAfterMs, pending: row?.pending ?? false };
  });
  await appendNotes(
    statements,
    notesById(minted.map((one, run) => ({ id: one.id, notes: lateNotes(one, publications[run], found.get(one.id)) }))),
  );
  return publications;
}

/**
 * What PUBLISH has not written: the notes of a run whose session had left `pending`, and which tokens came too late. A run
 * whose tokens stand has been noted: it is repeated, since its commit was uncertain.
 */
function lateNotes(
  { notes }: MintedTokens,
  publication: Publication | undefined,
  row: PublishedRow | undefined,
): Note[] {
  const { pending = false, published = [], discarded = [] } = publication ?? {};
  const written = pending || published.length > 0 || (row?.readyAfterMs ?? null) !== null;
  return [...(written ? [] : notes), ...discarded.map((product) => ({ event: 'discarded' as const, product }))];
}

/** The lock comes first, so that nothing is published in between. */
export async function releaseTokens(
  statements: Queryable,
  id: string,
  endpoint: string | null,
): Promise<number | null> {
  await statements.query(LOCK, [[id]]);
  const [released] = await statements.query<{ tokens: number }>(
    `WITH released AS (
       UPDATE sessions s SET cas_endpoint = NULL
       WHERE s.id = $1 AND s.cas_endpoint IS NOT DISTINCT FROM $2 AND ${MAY_PUBLISH} RETURNING s.id
     ), deleted AS (
       DELETE FROM session_tokens t USING released r WHERE t.session_id = r.id RETURNING 1
     )
     SELECT (SELECT count(*) FROM deleted)::int AS tokens FROM released`,
    [id, endpoint],
  );
  return released?.tokens ?? null;
}
