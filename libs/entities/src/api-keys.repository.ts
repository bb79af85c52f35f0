import { Injectable } from '@nestjs/common';
import { Database } from './database.js';

export interface ApiKeyRecord {
  id: string;
  secretSha256: Buffer;
  scopes: string[];
}

/** API keys. Revoked and expired ones are not found. */
@Injectable()
export class ApiKeysRepository {
  constructor(private readonly database: Database) {}

  async findUsable(id: string): Promise<ApiKeyRecord | null> {
    const [row] = await this.database.rows<ApiKeyRecord>(
      `SELECT id, secret_sha256 AS "secretSha256", scopes FROM api_keys
       WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())`,
      [id],
    );
    return row ?? null;
  }

  /** Adds a key unless its id exists: one that was revoked stays revoked. */
  async ensure(key: ApiKeyRecord & { name: string }): Promise<void> {
    await this.database.rows(
      `INSERT INTO api_keys (id, name, secret_sha256, scopes) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
      [key.id, key.name, key.secretSha256, key.scopes],
    );
  }
}
