import type { FailureCode, Product } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { notifySessionsChanged } from './notify-sessions-changed.js';
import { checked } from '../database/checked.js';
import { Database, type Queryable } from '../database/database.js';

export interface MintTask {
  /** Products without a published token. */
  missing: Product[];
  /** Failed attempts so far, which determine the backoff. */
  attempts: number;
  /** Remaining backoff before CAS may be called for this session, in ms. */
  waitMs: number;
}

export interface SealedToken {
  product: Product;
  sealed: string;
  keyId: string;
  expiresAt: Date;
}

export interface Publication {
  /** Products whose token is now published. */
  published: Product[];
  /** Products whose token was too late: another one is published, or the session is no longer pending. */
  discarded: Product[];
  /** Time from creation or last retry to ready, in ms, if this publication made the session ready; otherwise null. */
  readyAfterMs: number | null;
  /** Whether the session is still missing a product. */
  pending: boolean;
}

const IS_PENDING = checked(`s.status = 'pending'`);
const MAY_PUBLISH = checked(`s.status = 'pending' AND s.deadline_at > statement_timestamp()`);

/** The writes of a minting run. Every method locks the session's row first and reads it in a later statement. */
@Injectable()
export class PublishingRepository {
  constructor(private readonly database: Database) {}

  /** The remaining work for a session; null if it is no longer pending or past its deadline. */
  async task(id: string): Promise<MintTask | null> {
    const [row] = await this.database.query<Omit<MintTask, 'waitMs'> & { waitMs: number | null }>(
      `SELECT ARRAY(SELECT p FROM unnest(s.products) p
                    WHERE NOT EXISTS (SELECT FROM session_tokens t WHERE t.session_id = s.id AND t.product = p)) AS missing,
              s.attempts,
              GREATEST(0, ceil(1000 * extract(epoch FROM s.not_before - statement_timestamp())))::float8 AS "waitMs"
       FROM sessions s WHERE s.id = $1 AND ${MAY_PUBLISH}`,
      [id],
    );
    return row === undefined ? null : { ...row, waitMs: row.waitMs ?? 0 };
  }

  /**
   * Publishes each token at most once. The transaction that publishes the last product makes the session ready.
   * Idempotent for the same tokens, so a call whose commit is uncertain can be repeated.
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

  /** Records the delay before the next call. Only `counted` attempts increase the backoff. */
  async postpone(id: string, wait: { waitMs: number; counted: boolean; code: FailureCode | null }): Promise<void> {
    await this.database.query(
      `UPDATE sessions s SET attempts = attempts + $2, failure_code = COALESCE($3, failure_code),
              not_before = statement_timestamp() + make_interval(secs => $4 / 1000.0),
              due_at = statement_timestamp() + make_interval(secs => $4 / 1000.0 + 10)
       WHERE s.id = $1 AND ${IS_PENDING}`,
      [id, wait.counted ? 1 : 0, wait.code, wait.waitMs],
    );
  }

  /** `pending` → `failed`. Returns false if the session was no longer pending. */
  async fail(id: string, code: FailureCode): Promise<boolean> {
    return this.database.transaction(async (statements) => {
      const failed = await statements.query(
        `UPDATE sessions s SET status = 'failed', failure_code = $2, version = version + 1, ended_at = statement_timestamp()
         WHERE s.id = $1 AND ${IS_PENDING} RETURNING id`,
        [id, code],
      );
      if (failed.length === 0) return false;
      await notifySessionsChanged(statements, [id]);
      return true;
    });
  }
}

/**
 * Locks and reads in two statements: only a later statement sees what the previous lock holder wrote, and the time after
 * the wait for the lock, so that nothing is published past the deadline.
 */
async function lockPending(statements: Queryable, id: string): Promise<boolean> {
  await statements.query('SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE', [id]);
  const rows = await statements.query(`SELECT 1 FROM sessions s WHERE s.id = $1 AND ${MAY_PUBLISH}`, [id]);
  return rows.length > 0;
}

async function insertTokens(statements: Queryable, id: string, tokens: readonly SealedToken[]): Promise<void> {
  if (tokens.length === 0) return;
  await statements.query(
    `INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at, published_at)
     SELECT $1, t.product, t.sealed, t.key_id, t.expires_at, statement_timestamp()
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
 * The products for which exactly this token is published. Sealing never produces the same text twice, so comparing the
 * sealed text identifies the token. The exception is a repeated publication with a `reseal` in between: the published
 * token then counts as discarded. This affects only a metric and a log line; the token stays published, and the missing
 * products are determined from the rows.
 */
async function standing(statements: Queryable, id: string, tokens: readonly SealedToken[]): Promise<Product[]> {
  if (tokens.length === 0) return [];
  const rows = await statements.query<{ product: Product }>(
    `SELECT product FROM session_tokens WHERE session_id = $1 AND ${checked('sealed = ANY($2)')}`,
    [id, tokens.map((token) => token.sealed)],
  );
  return rows.map((row) => row.product);
}

/** `pending` → `ready` if no product is missing. Returns the time from creation or last retry, in ms, or null. */
async function becomeReady(statements: Queryable, id: string): Promise<number | null> {
  const [row] = await statements.query<{ readyAfterMs: number }>(
    `UPDATE sessions s SET status = 'ready', failure_code = NULL, version = version + 1, ready_at = statement_timestamp(),
            expires_at = (SELECT min(t.expires_at) FROM session_tokens t WHERE t.session_id = s.id)
     WHERE s.id = $1 AND ${IS_PENDING}
       AND NOT EXISTS (SELECT FROM unnest(s.products) p
                       WHERE NOT EXISTS (SELECT FROM session_tokens t WHERE t.session_id = s.id AND t.product = p))
     RETURNING (1000 * extract(epoch FROM s.ready_at - GREATEST(s.created_at, s.reopened_at)))::float8 AS "readyAfterMs"`,
    [id],
  );
  if (row === undefined) return null;
  await notifySessionsChanged(statements, [id]);
  return row.readyAfterMs;
}
