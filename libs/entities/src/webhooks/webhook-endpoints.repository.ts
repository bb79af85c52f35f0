import { type DisabledReason, MAX_WEBHOOKS, SECRET_OVERLAP_S, type WebhookType } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { auditChange } from '../audit/audit.repository.js';
import { Database } from '../database/database.js';
import type { Queryable } from '../database/queryable.js';

/** What the owner of an endpoint decides. */
export interface WebhookSettings {
  url: string;
  types: WebhookType[];
  roomPrefix: string | null;
  description: string | null;
  includeMetadata: boolean;
  enabled: boolean;
}

export interface WebhookRecord extends Omit<WebhookSettings, 'enabled'> {
  id: string;
  /** Null while it is enabled. */
  disabledReason: DisabledReason | null;
  failingSince: Date | null;
  /** Until when the replaced secret signs too; null if there is none. */
  previousUntil: Date | null;
  createdAt: Date;
}

export interface SealedSecret {
  sealed: string;
  keyId: string;
}

const COLUMNS = `id, url, types, room_prefix AS "roomPrefix", description, include_metadata AS "includeMetadata",
  disabled_reason AS "disabledReason", failing_since AS "failingSince", created_at AS "createdAt",
  CASE WHEN previous_until > statement_timestamp() THEN previous_until END AS "previousUntil"`;

/** The receivers of webhooks. Every change is recorded in the audit trail, in the same transaction. */
@Injectable()
export class WebhookEndpointsRepository {
  constructor(private readonly database: Database) {}

  /** Oldest first. */
  async list(): Promise<WebhookRecord[]> {
    return this.database.query<WebhookRecord>(`SELECT ${COLUMNS} FROM webhook_endpoints ORDER BY created_at, id`);
  }

  async find(id: string): Promise<WebhookRecord | null> {
    const rows = await this.database.query<WebhookRecord>(`SELECT ${COLUMNS} FROM webhook_endpoints WHERE id = $1`, [
      id,
    ]);
    return rows[0] ?? null;
  }

  /** Returns null if there are `MAX_WEBHOOKS` already. */
  async create(
    id: string,
    { url, types, roomPrefix, description, includeMetadata, enabled }: WebhookSettings,
    secret: SealedSecret,
    actor: string,
  ): Promise<WebhookRecord | null> {
    return this.database.transaction(async (statements) => {
      // One after the other, so that the count holds.
      await statements.query(`SELECT pg_advisory_xact_lock(hashtext('webhook_endpoints'))`);
      const rows = await statements.query<WebhookRecord>(
        `INSERT INTO webhook_endpoints (id, url, types, room_prefix, description, include_metadata, disabled_reason,
                                        secret_sealed, secret_key_id, created_at)
         SELECT $1, $2, $3::text[], $4, $5, $6, $7, $8, $9, statement_timestamp()
         WHERE (SELECT count(*) FROM webhook_endpoints) < ${String(MAX_WEBHOOKS)}
         RETURNING ${COLUMNS}`,
        [
          ...[id, url, types, roomPrefix, description, includeMetadata, enabled ? null : 'owner'],
          ...[secret.sealed, secret.keyId],
        ],
      );
      return audited(statements, rows, actor);
    });
  }

  /**
   * Changes what is given and keeps the rest. Enabling, and another URL, forget earlier failures; what is pending is attempted again.
   *
   * @returns null if it does not exist
   */
  async update(id: string, changes: Partial<WebhookSettings>, actor: string): Promise<WebhookRecord | null> {
    return this.database.transaction(async (statements) => {
      const [current] = await statements.query<WebhookRecord>(
        `SELECT ${COLUMNS} FROM webhook_endpoints WHERE id = $1 FOR UPDATE`,
        [id],
      );
      if (current === undefined) return null;
      const { url, types, roomPrefix, description, includeMetadata } = { ...current, ...changes };
      const { enabled } = changes;
      const rows = await statements.query<WebhookRecord>(
        `UPDATE webhook_endpoints SET url = $2, types = $3, room_prefix = $4, description = $5, include_metadata = $6,
                disabled_reason = CASE WHEN $7::boolean IS NULL THEN disabled_reason
                                       WHEN $7 THEN NULL ELSE COALESCE(disabled_reason, 'owner') END,
                failing_since = CASE WHEN $7 OR url <> $2 THEN NULL ELSE failing_since END
         WHERE id = $1 RETURNING ${COLUMNS}`,
        [id, url, types, roomPrefix, description, includeMetadata, enabled ?? null],
      );
      return audited(statements, rows, actor);
    });
  }

  /** Deletes an endpoint with its secrets. Nothing more is sent to it. Returns false if it does not exist. */
  async delete(id: string, actor: string): Promise<boolean> {
    return this.database.transaction(async (statements) => {
      const rows = await statements.query<WebhookRecord>(
        `DELETE FROM webhook_endpoints WHERE id = $1 RETURNING ${COLUMNS}`,
        [id],
      );
      return (await audited(statements, rows, actor)) !== null;
    });
  }

  /**
   * Replaces the secret. The previous one goes on signing for 24 hours.
   *
   * @param force even if the secret was replaced within that time: the one before then stops signing at once
   * @returns the endpoint and whether its secret was replaced; null if it does not exist
   */
  async rotateSecret(
    id: string,
    next: SealedSecret,
    { force, actor }: { force: boolean; actor: string },
  ): Promise<{ webhook: WebhookRecord; rotated: boolean } | null> {
    return this.database.transaction(async (statements) => {
      const [current] = await statements.query<WebhookRecord>(
        `SELECT ${COLUMNS} FROM webhook_endpoints WHERE id = $1 FOR UPDATE`,
        [id],
      );
      if (current === undefined) return null;
      if (current.previousUntil !== null && !force) return { webhook: current, rotated: false };
      const rows = await statements.query<WebhookRecord>(
        `UPDATE webhook_endpoints SET previous_sealed = secret_sealed, previous_key_id = secret_key_id,
                previous_until = statement_timestamp() + make_interval(secs => ${String(SECRET_OVERLAP_S)}),
                secret_sealed = $2, secret_key_id = $3
         WHERE id = $1 RETURNING ${COLUMNS}`,
        [id, next.sealed, next.keyId],
      );
      const webhook = await audited(statements, rows, actor);
      return webhook === null ? null : { webhook, rotated: true };
    });
  }
}

async function audited(
  statements: Queryable,
  [changed]: readonly WebhookRecord[],
  actor: string,
): Promise<WebhookRecord | null> {
  if (changed === undefined) return null;
  await auditChange(statements, { actor, action: 'change-webhook', sessionId: changed.id });
  return changed;
}
