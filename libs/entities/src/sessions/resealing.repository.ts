import type { Product } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** The number of tokens currently sealed with a key, those of the warm pool and secrets of webhooks included. */
export interface KeyUse {
  keyId: string;
  tokens: number;
}

/** The primary key of a token, which also defines the order of processing. */
export interface TokenPlace {
  sessionId: string;
  product: Product;
}

export interface StoredToken extends TokenPlace {
  sealed: string;
}

/** A set of the warm pool, for the session that will have its id. */
export interface StoredSet {
  id: string;
  products: Product[];
  /** In the order of the products. */
  sealed: string[];
}

export interface Resealed extends StoredToken {
  /** The replacement for `sealed`. */
  resealed: string;
}

/**
 * Sealed tokens, for sealing them again with another key. Clients see no change, so the session's row is not locked,
 * its version is not incremented, and no notification is sent.
 */
@Injectable()
export class ResealingRepository {
  constructor(private readonly database: Database) {}

  /** The keys with at least one sealed token, in a session or in the warm pool, or webhook secret. */
  async keysInUse(): Promise<KeyUse[]> {
    return this.database.query<KeyUse>(
      `SELECT key_id AS "keyId", sum(n)::int AS tokens FROM (
         SELECT key_id, count(*) AS n FROM session_tokens WHERE sealed IS NOT NULL GROUP BY key_id
         UNION ALL SELECT key_id, sum(cardinality(sealed)) FROM pool_sets GROUP BY key_id
         UNION ALL SELECT secret_key_id, count(*) FROM webhook_endpoints GROUP BY secret_key_id
         UNION ALL SELECT previous_key_id, count(*) FROM webhook_endpoints
                   WHERE previous_until > statement_timestamp() GROUP BY previous_key_id
       ) used GROUP BY key_id ORDER BY key_id`,
    );
  }

  /** One token sealed with each of these keys, to see whether it can be opened. */
  async samples(keyIds: readonly string[]): Promise<(StoredToken & { keyId: string })[]> {
    return this.database.query<StoredToken & { keyId: string }>(
      `SELECT k AS "keyId", t.session_id AS "sessionId", t.product, t.sealed
       FROM unnest($1::text[]) k CROSS JOIN LATERAL (
         (SELECT session_id, product, sealed FROM session_tokens WHERE key_id = k AND sealed IS NOT NULL
          ORDER BY session_id, product LIMIT 1)
         UNION ALL
         (SELECT id, products[1], sealed[1] FROM pool_sets WHERE key_id = k ORDER BY id LIMIT 1)
         LIMIT 1) t`,
      [keyIds],
    );
  }

  /**
   * Those of these keys that sealed a token that has since been erased. The first key from `k` on is read from the index:
   * an EXISTS would scan the whole table for a key without tokens, since it expects to find one soon.
   */
  async keysOfErased(keyIds: readonly string[]): Promise<string[]> {
    const rows = await this.database.query<{ keyId: string }>(
      `SELECT k AS "keyId" FROM unnest($1::text[]) k
       WHERE k = (SELECT t.key_id FROM session_tokens t WHERE t.sealed IS NULL AND t.key_id >= k
                  ORDER BY t.key_id LIMIT 1)`,
      [keyIds],
    );
    return rows.map((row) => row.keyId);
  }

  /** Tokens sealed with this key, in order, after the given one. */
  async sealedBy(keyId: string, after: TokenPlace | null, limit: number): Promise<StoredToken[]> {
    const behind = after === null ? '' : 'AND (session_id, product) > ($3, $4)';
    return this.database.query<StoredToken>(
      `SELECT session_id AS "sessionId", product, sealed FROM session_tokens
       WHERE sealed IS NOT NULL AND key_id = $1 ${behind}
       ORDER BY session_id, product LIMIT $2`,
      [keyId, limit, ...(after === null ? [] : [after.sessionId, after.product])],
    );
  }

  /**
   * Replaces sealed texts that are unchanged, and returns how many. A token that was erased in the meantime stays
   * erased, since the comparison happens after the row is locked. Locked rows are skipped rather than waited for, so
   * that resealing never blocks another transaction for long or takes part in a deadlock.
   */
  async replace(keyId: string, tokens: readonly Resealed[]): Promise<number> {
    const rows = await this.database.query(
      `UPDATE session_tokens t SET sealed = held.resealed, key_id = $1
       FROM (SELECT h.session_id, h.product, h.sealed, n.resealed
             FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS n (session_id, product, sealed, resealed)
             JOIN session_tokens h
               ON h.session_id = n.session_id AND h.product = n.product AND h.sealed = n.sealed
             FOR UPDATE OF h SKIP LOCKED) held
       WHERE t.session_id = held.session_id AND t.product = held.product AND t.sealed = held.sealed
       RETURNING 1`,
      [
        keyId,
        tokens.map((token) => token.sessionId),
        tokens.map((token) => token.product),
        tokens.map((token) => token.sealed),
        tokens.map((token) => token.resealed),
      ],
    );
    return rows.length;
  }

  /** Sets of the warm pool that are sealed with this key, in order, after the given id. */
  async setsSealedBy(keyId: string, after: string, limit: number): Promise<StoredSet[]> {
    return this.database.query<StoredSet>(
      'SELECT id, products, sealed FROM pool_sets WHERE key_id = $1 AND id > $2 ORDER BY id LIMIT $3',
      [keyId, after, limit],
    );
  }

  /** As `replace`, for sets: one that was taken in the meantime is sealed again with the tokens of its session. */
  async replaceSets(keyId: string, sets: readonly (StoredSet & { resealed: string[] })[]): Promise<number> {
    const rows = await this.database.query<{ tokens: number }>(
      `UPDATE pool_sets p SET sealed = held.resealed, key_id = $1
       FROM (SELECT h.id, h.sealed, n.resealed
             FROM jsonb_to_recordset($2::jsonb) AS n (id text, sealed text[], resealed text[])
             JOIN pool_sets h ON h.id = n.id AND h.sealed = n.sealed
             FOR UPDATE OF h SKIP LOCKED) held
       WHERE p.id = held.id AND p.sealed = held.sealed
       RETURNING cardinality(p.sealed) AS tokens`,
      [keyId, JSON.stringify(sets)],
    );
    return rows.reduce((sum, { tokens }) => sum + tokens, 0);
  }
}
