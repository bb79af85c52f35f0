import type { FailureCode, Product } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { notifySessionsChanged } from './notify-sessions-changed.js';
import { Database, type Queryable } from '../database/database.js';

export interface MintTask {
  /** Products that have no published token yet. */
  missing: Product[];
  /** The place in the list of waits: failed attempts so far. */
  attempts: number;
  /** How long CAS must still be left alone for this session, in ms. */
  waitMs: number;
}

export interface SealedToken {
  product: Product;
  sealed: string;
  keyId: string;
  expiresAt: Date;
}

export interface Publication {
  /** Products whose token everybody sees from now on. */
  published: Product[];
  /** Products whose token came too late: somebody else's stands, or the session is no longer pending. */
  discarded: Product[];
  /** Set when this publication made the session ready: the time since its creation, in ms. */
  readyAfterMs: number | null;
  /** Whether the session still waits for a product. */
  pending: boolean;
}

/** What a run writes. Every method locks the session's row first and looks at it in a further statement. */
@Injectable()
export class PublishingRepository {
  constructor(private readonly database: Database) {}

  /** What is left to do for a session; null when it is not pending any more, or past its deadline. */
  async task(id: string): Promise<MintTask | null> {
    const [row] = await this.database.query<Omit<MintTask, 'waitMs'> & { waitMs: number | null }>(
      `SELECT ARRAY(SELECT p FROM unnest(s.products) p
                    WHERE NOT EXISTS (SELECT FROM session_tokens t WHERE t.session_id = s.id AND t.product = p)) AS missing,
              s.attempts,
              GREATEST(0, ceil(1000 * extract(epoch FROM s.not_before - clock_timestamp())))::float8 AS "waitMs"
       FROM sessions s WHERE s.id = $1 AND s.status = 'pending' AND s.deadline_at > clock_timestamp()`,
      [id],
    );
    return row === undefined ? null : { ...row, waitMs: row.waitMs ?? 0 };
  }

  /**
   * Publishes each token once. The transaction that publishes the last product makes the session ready. Safe to repeat
   * with the same tokens when it is not known whether an earlier call was committed.
   */
  async publish(id: string, tokens: readonly SealedToken[]): Promise<Publication> {
    return this.database.transaction(async (statements) => {
      const pending = await lockPending(statements, id);
      if (pending) await insertTokens(statements, id, tokens);
      const readyAfterMs = pending ? await becomeReady(statements, id) : null;
      const published = await standing(statements, id, tokens);
      const discarded = tokens.map((token) => token.product).filter((product) => !published.includes(product));
      return { published, discarded, readyAfterMs, pending: pending && readyAfterMs === null };
    });
  }

  /** Records a wait before the next call: `counted` attempts move on in the list of waits. */
  async postpone(id: string, wait: { waitMs: number; counted: boolean; code: FailureCode | null }): Promise<void> {
    await this.database.query(
      `UPDATE sessions SET attempts = attempts + $2, failure_code = COALESCE($3, failure_code),
              not_before = clock_timestamp() + make_interval(secs => $4 / 1000.0),
              due_at = clock_timestamp() + make_interval(secs => $4 / 1000.0 + 10)
       WHERE id = $1 AND status = 'pending'`,
      [id, wait.counted ? 1 : 0, wait.code, wait.waitMs],
    );
  }

  /** `pending` → `failed`. False if the session was not pending any more. */
  async fail(id: string, code: FailureCode): Promise<boolean> {
    return this.database.transaction(async (statements) => {
      const failed = await statements.query(
        `UPDATE sessions SET status = 'failed', failure_code = $2, version = version + 1, ended_at = clock_timestamp()
         WHERE id = $1 AND status = 'pending' RETURNING id`,
        [id, code],
      );
      if (failed.length === 0) return false;
      await notifySessionsChanged(statements, [id]);
      return true;
    });
  }
}

/** The lock is one statement, the look another: only then does the look see what the last holder of the lock wrote. */
async function lockPending(statements: Queryable, id: string): Promise<boolean> {
  await statements.query('SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE', [id]);
  const rows = await statements.query(
    `SELECT 1 FROM sessions WHERE id = $1 AND status = 'pending' AND deadline_at > clock_timestamp()`,
    [id],
  );
  return rows.length > 0;
}

async function insertTokens(statements: Queryable, id: string, tokens: readonly SealedToken[]): Promise<void> {
  if (tokens.length === 0) return;
  await statements.query(
    `INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at, published_at)
     SELECT $1, t.product, t.sealed, t.key_id, t.expires_at, clock_timestamp()
     FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS t (product, sealed, key_id, expires_at)
     WHERE t.product = ANY(SELECT unnest(products) FROM sessions WHERE id = $1)
     ON CONFLICT (session_id, product) DO NOTHING`,
    [
      id,
      tokens.map((token) => token.product),
      tokens.map((token) => token.sealed),
      tokens.map((token) => token.keyId),
      tokens.map((token) => token.expiresAt),
    ],
  );
}

/**
 * Which of these very tokens are the published ones. A seal is never the same twice, so it tells whose token stands.
 * Only a publication that is repeated, because it was not known whether it was committed, can find that `reseal` was
 * there in between: then a token of ours that stands counts as discarded. That is a wrong number in a metric and in a
 * line of the log, and nothing else: the token stays, and what the session lacks is told by its rows, not by this.
 */
async function standing(statements: Queryable, id: string, tokens: readonly SealedToken[]): Promise<Product[]> {
  if (tokens.length === 0) return [];
  const rows = await statements.query<{ product: Product }>(
    'SELECT product FROM session_tokens WHERE session_id = $1 AND sealed = ANY($2)',
    [id, tokens.map((token) => token.sealed)],
  );
  return rows.map((row) => row.product);
}

/** `pending` → `ready` once no product is missing; gives the time from creation to ready, in ms, or null. */
async function becomeReady(statements: Queryable, id: string): Promise<number | null> {
  const [row] = await statements.query<{ readyAfterMs: number }>(
    `UPDATE sessions s SET status = 'ready', failure_code = NULL, version = version + 1, ready_at = clock_timestamp(),
            expires_at = (SELECT min(t.expires_at) FROM session_tokens t WHERE t.session_id = s.id)
     WHERE s.id = $1 AND s.status = 'pending'
       AND NOT EXISTS (SELECT FROM unnest(s.products) p
                       WHERE NOT EXISTS (SELECT FROM session_tokens t WHERE t.session_id = s.id AND t.product = p))
     RETURNING (1000 * extract(epoch FROM clock_timestamp() - s.created_at))::float8 AS "readyAfterMs"`,
    [id],
  );
  if (row === undefined) return null;
  await notifySessionsChanged(statements, [id]);
  return row.readyAfterMs;
}
