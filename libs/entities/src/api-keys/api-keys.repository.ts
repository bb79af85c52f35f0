import type { ParsedApiKey } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

export interface NewApiKey extends ParsedApiKey {
  name: string;
  scopes: string[];
  /** Maximum requests per second; null for no limit. */
  ratePerS: number | null;
}

export interface ApiKeyRecord extends Omit<NewApiKey, 'name'> {
  /** False once it has expired or was revoked. */
  usable: boolean;
}

/** A key as shown to operators. */
export interface ListedApiKey {
  id: string;
  name: string;
  scopes: string[];
  ratePerS: number | null;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
  state: 'active' | 'expired' | 'revoked';
}

/** API keys. Only `list` returns revoked and expired ones. */
@Injectable()
export class ApiKeysRepository {
  constructor(private readonly database: Database) {}

  /** A key by its id, ended ones included. */
  async find(id: string): Promise<ApiKeyRecord | null> {
    const [row] = await this.database.query<ApiKeyRecord>(
      `SELECT id, secret_sha256 AS "secretSha256", scopes, rate_per_s AS "ratePerS",
              revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp()) AS usable
       FROM api_keys WHERE id = $1`,
      [id],
    );
    return row ?? null;
  }

  /**
   * Adds a key unless its id exists, so that a revoked key stays revoked.
   *
   * @param lifeS lifetime in s; null for a key that does not expire
   * @returns false if the id exists with another secret
   */
  async ensure(key: NewApiKey, lifeS: number | null = null): Promise<boolean> {
    await this.database.query(
      `INSERT INTO api_keys (id, name, secret_sha256, scopes, rate_per_s, expires_at)
       VALUES ($1, $2, $3, $4, $5, statement_timestamp() + make_interval(secs => $6)) ON CONFLICT (id) DO NOTHING`,
      [key.id, key.name, key.secretSha256, key.scopes, key.ratePerS, lifeS],
    );
    const same = await this.database.query('SELECT 1 FROM api_keys WHERE id = $1 AND secret_sha256 = $2', [
      key.id,
      key.secretSha256,
    ]);
    return same.length > 0;
  }

  /** Gives a key another secret; the earlier one stops working. A revoked key stays revoked. */
  async replaceSecret({ id, secretSha256 }: ParsedApiKey): Promise<void> {
    await this.database.query('UPDATE api_keys SET secret_sha256 = $2 WHERE id = $1', [id, secretSha256]);
  }

  /** All keys, oldest first. */
  async list(): Promise<ListedApiKey[]> {
    return this.database.query<ListedApiKey>(
      `SELECT id, name, scopes, rate_per_s AS "ratePerS", created_at AS "createdAt", expires_at AS "expiresAt",
              last_used_at AS "lastUsedAt", revoked_at AS "revokedAt",
              CASE WHEN revoked_at IS NOT NULL THEN 'revoked'
                   WHEN expires_at <= statement_timestamp() THEN 'expired' ELSE 'active' END AS state
       FROM api_keys ORDER BY created_at, id`,
    );
  }

  /**
   * Adds `next` with the name, scopes, rate and lifetime of the key `id`, which expires `overlapS` seconds from now.
   *
   * @returns false if no such key exists or it is expired or revoked
   */
  async rotate(id: string, next: ParsedApiKey, overlapS: number): Promise<boolean> {
    return this.database.transaction(async (statements) => {
      await statements.query('SELECT 1 FROM api_keys WHERE id = $1 FOR UPDATE', [id]);
      const added = await statements.query(
        `INSERT INTO api_keys (id, name, secret_sha256, scopes, rate_per_s, expires_at)
         SELECT $2, name, $3, scopes, rate_per_s, statement_timestamp() + (expires_at - created_at) FROM api_keys
         WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp())
         RETURNING 1`,
        [id, next.id, next.secretSha256],
      );
      if (added.length === 0) return false;
      await statements.query(
        `UPDATE api_keys SET expires_at = LEAST(expires_at, statement_timestamp() + make_interval(secs => $2)) WHERE id = $1`,
        [id, overlapS],
      );
      return true;
    });
  }

  /** Revokes a key permanently. Returns false if it does not exist; revoking again has no effect. */
  async revoke(id: string): Promise<boolean> {
    const rows = await this.database.query(
      'UPDATE api_keys SET revoked_at = COALESCE(revoked_at, statement_timestamp()) WHERE id = $1 RETURNING 1',
      [id],
    );
    return rows.length > 0;
  }

  /** Records that these keys were used, with a resolution of one minute. */
  async recordUse(ids: readonly string[]): Promise<void> {
    await this.database.query(
      `UPDATE api_keys SET last_used_at = statement_timestamp()
       WHERE id = ANY($1) AND (last_used_at IS NULL OR last_used_at < statement_timestamp() - interval '1 minute')`,
      [ids],
    );
  }
}
