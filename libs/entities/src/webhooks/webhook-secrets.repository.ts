import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** A sealed secret of an endpoint: the current one, or the replaced one while it signs. */
export interface StoredSecret {
  webhookId: string;
  sealed: string;
}

/** The secrets of webhooks, for sealing them again with another key. There are at most two per endpoint. */
@Injectable()
export class WebhookSecretsRepository {
  constructor(private readonly database: Database) {}

  /** All secrets that are sealed with one of these keys. */
  async sealedBy(keyIds: readonly string[]): Promise<StoredSecret[]> {
    return this.database.query<StoredSecret>(
      `SELECT id AS "webhookId", secret_sealed AS sealed FROM webhook_endpoints WHERE secret_key_id = ANY($1)
       UNION ALL
       SELECT id, previous_sealed FROM webhook_endpoints
       WHERE previous_key_id = ANY($1) AND previous_until > statement_timestamp()`,
      [keyIds],
    );
  }

  /** Replaces a sealed text, wherever it stands by now. Returns false if it is gone. */
  async replace({ webhookId, sealed }: StoredSecret, resealed: { sealed: string; keyId: string }): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE webhook_endpoints
       SET secret_key_id = CASE WHEN secret_sealed = $2 THEN $4 ELSE secret_key_id END,
           previous_key_id = CASE WHEN previous_sealed = $2 THEN $4 ELSE previous_key_id END,
           secret_sealed = CASE WHEN secret_sealed = $2 THEN $3 ELSE secret_sealed END,
           previous_sealed = CASE WHEN previous_sealed = $2 THEN $3 ELSE previous_sealed END
       WHERE id = $1 AND $2 IN (secret_sealed, previous_sealed) RETURNING 1`,
      [webhookId, sealed, resealed.sealed, resealed.keyId],
    );
    return rows.length > 0;
  }
}
