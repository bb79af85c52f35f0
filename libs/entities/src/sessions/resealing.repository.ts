import type { Product } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** How many tokens a key seals at the moment. */
export interface KeyUse {
  keyId: string;
  tokens: number;
}

/** The place of a token; tokens have an order by it. */
export interface TokenPlace {
  sessionId: string;
  product: Product;
}

export interface StoredToken extends TokenPlace {
  sealed: string;
}

export interface Resealed extends StoredToken {
  /** What shall stand in place of `sealed`. */
  resealed: string;
}

/**
 * Sealed tokens, to be sealed again with another key. That changes no session (what a client sees stays the same), so
 * the session's row is neither locked nor raised in version, and nothing is announced.
 */
@Injectable()
export class ResealingRepository {
  constructor(private readonly database: Database) {}

  /** Every key that seals something. */
  async keysInUse(): Promise<KeyUse[]> {
    return this.database.query<KeyUse>(
      `SELECT key_id AS "keyId", count(*)::int AS tokens FROM session_tokens WHERE sealed IS NOT NULL
       GROUP BY key_id ORDER BY key_id`,
    );
  }

  /** Those of these keys that have sealed a token once which is erased by now. It may have to look at every row. */
  async keysOfErased(keyIds: readonly string[]): Promise<string[]> {
    const rows = await this.database.query<{ keyId: string }>(
      `SELECT k AS "keyId" FROM unnest($1::text[]) k
       WHERE EXISTS (SELECT FROM session_tokens t WHERE t.key_id = k AND t.sealed IS NULL)`,
      [keyIds],
    );
    return rows.map((row) => row.keyId);
  }

  /** Tokens that these keys seal, in order, those after a place. */
  async sealedBy(keyIds: readonly string[], after: TokenPlace | null, limit: number): Promise<StoredToken[]> {
    return this.database.query<StoredToken>(
      `SELECT session_id AS "sessionId", product, sealed FROM session_tokens
       WHERE sealed IS NOT NULL AND key_id = ANY($1)
         AND ($2::text IS NULL OR (session_id, product) > ($2, $3::text))
       ORDER BY session_id, product LIMIT $4`,
      [keyIds, after?.sessionId ?? null, after?.product ?? null, limit],
    );
  }

  /**
   * Puts the new seal where the old one still stands, and gives how many. A token that was erased meanwhile stays
   * erased: it is compared after its row was locked. A row that somebody else holds is passed over rather than waited
   * for, so that this can be in nobody's way and never a part of a deadlock.
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
}
