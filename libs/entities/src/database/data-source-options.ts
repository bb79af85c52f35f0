import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { Sessions1764000000000 } from '../migrations/1764000000000-sessions.js';
import { ApiKeyRates1764100000000 } from '../migrations/1764100000000-api-key-rates.js';
import { Audit1764200000000 } from '../migrations/1764200000000-audit.js';
import { AuditNames1764300000000 } from '../migrations/1764300000000-audit-names.js';
import { RenameAuditRows1764300100000 } from '../migrations/1764300100000-rename-audit-rows.js';
import { ListIndexes1764400000000 } from '../migrations/1764400000000-list-indexes.js';
import { ApiKeyEntity } from '../tables/api-key.entity.js';
import { AuditEntryEntity } from '../tables/audit-entry.entity.js';
import { IdempotencyKeyEntity } from '../tables/idempotency-key.entity.js';
import { SessionEntity } from '../tables/session.entity.js';
import { SessionTokenEntity } from '../tables/session-token.entity.js';

export interface DatabaseSettings {
  url: string;
  pool: number;
  timeoutMs: number;
}

/** Every wait is bounded: for a pooled connection, for connecting and for a statement. */
export function dataSourceOptions({ url, pool, timeoutMs }: DatabaseSettings): DataSourceOptions {
  return {
    type: 'postgres',
    // Named here because a bundle has no node_modules to load it from by its name.
    driver: pg,
    url,
    entities: [SessionEntity, SessionTokenEntity, IdempotencyKeyEntity, ApiKeyEntity, AuditEntryEntity],
    migrations: [
      Sessions1764000000000,
      ApiKeyRates1764100000000,
      Audit1764200000000,
      AuditNames1764300000000,
      RenameAuditRows1764300100000,
      ListIndexes1764400000000,
    ],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    poolSize: pool,
    extra: {
      connectionTimeoutMillis: timeoutMs,
      statement_timeout: timeoutMs,
      query_timeout: timeoutMs,
      idle_in_transaction_session_timeout: timeoutMs * 2,
      keepAlive: true,
      timeoutMs,
    },
    logging: false,
  };
}
