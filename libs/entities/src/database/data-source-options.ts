import type { PostgresAccess } from '@app/connections';
import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { Sessions1764000000000 } from '../migrations/1764000000000-sessions.js';
import { ApiKeyRates1764100000000 } from '../migrations/1764100000000-api-key-rates.js';
import { Audit1764200000000 } from '../migrations/1764200000000-audit.js';
import { AuditNames1764300000000 } from '../migrations/1764300000000-audit-names.js';
import { RenameAuditRows1764300100000 } from '../migrations/1764300100000-rename-audit-rows.js';
import { ListIndexes1764400000000 } from '../migrations/1764400000000-list-indexes.js';
import { ChatTokens1764500000000 } from '../migrations/1764500000000-chat-tokens.js';
import { TicketAudit1764510000000 } from '../migrations/1764510000000-ticket-audit.js';
import { Seats1764520000000 } from '../migrations/1764520000000-seats.js';
import { Timeline1764535000000 } from '../migrations/1764535000000-timeline.js';
import { Webhooks1764530000000 } from '../migrations/1764530000000-webhooks.js';
import { CasEndpoint1764580000000 } from '../migrations/1764580000000-cas-endpoint.js';
import { CasPacing1764590000000 } from '../migrations/1764590000000-cas-pacing.js';
import { ReplayAudit1764610000000 } from '../migrations/1764610000000-replay-audit.js';
import { Processes1764570000000 } from '../migrations/1764570000000-processes.js';
import { SeatsByCaller1764541000000 } from '../migrations/1764541000000-seats-by-caller.js';
import { Traceparent1764560000000 } from '../migrations/1764560000000-traceparent.js';
import { Pool1764600000000 } from '../migrations/1764600000000-pool.js';
import { ApiKeyEntity } from '../tables/api-key.entity.js';
import { AuditEntryEntity } from '../tables/audit-entry.entity.js';
import { CasPacingEntity } from '../tables/cas-pacing.entity.js';
import { IdempotencyKeyEntity } from '../tables/idempotency-key.entity.js';
import { PoolPlanEntity } from '../tables/pool-plan.entity.js';
import { PoolReservationEntity } from '../tables/pool-reservation.entity.js';
import { PoolSetEntity } from '../tables/pool-set.entity.js';
import { ProcessEntity } from '../tables/process.entity.js';
import { SeatEntity } from '../tables/seat.entity.js';
import { SessionEntity } from '../tables/session.entity.js';
import { SessionTokenEntity } from '../tables/session-token.entity.js';
import { WebhookAttemptEntity } from '../tables/webhook-attempt.entity.js';
import { WebhookDeliveryEntity } from '../tables/webhook-delivery.entity.js';
import { WebhookEndpointEntity } from '../tables/webhook-endpoint.entity.js';

export const MIGRATIONS = [
  Sessions1764000000000,
  ApiKeyRates1764100000000,
  Audit1764200000000,
  AuditNames1764300000000,
  RenameAuditRows1764300100000,
  ListIndexes1764400000000,
  ChatTokens1764500000000,
  TicketAudit1764510000000,
  Seats1764520000000,
  Webhooks1764530000000,
  Timeline1764535000000,
  SeatsByCaller1764541000000,
  Traceparent1764560000000,
  Processes1764570000000,
  CasEndpoint1764580000000,
  CasPacing1764590000000,
  Pool1764600000000,
  ReplayAudit1764610000000,
];

const ENTITIES = [
  SessionEntity,
  SessionTokenEntity,
  IdempotencyKeyEntity,
  ApiKeyEntity,
  AuditEntryEntity,
  SeatEntity,
  WebhookEndpointEntity,
  WebhookDeliveryEntity,
  WebhookAttemptEntity,
  ProcessEntity,
  PoolPlanEntity,
  PoolSetEntity,
  PoolReservationEntity,
  CasPacingEntity,
];

export interface PoolSettings {
  pool: number;
  timeoutMs: number;
  /** Whether statements are prepared; true. Behind transaction pooling they cannot be. */
  prepared?: boolean | undefined;
}

/** Every wait is bounded: for a pooled connection, for connecting and for a statement. */
export function dataSourceOptions(
  access: PostgresAccess,
  { pool, timeoutMs, prepared = true }: PoolSettings,
): DataSourceOptions {
  return {
    type: 'postgres',
    driver: driverWith(access, { pool, timeoutMs }),
    entities: ENTITIES,
    migrations: MIGRATIONS,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    extra: { timeoutMs, prepared },
    logging: false,
    // Every statement reports its own error; an idle connection that is lost is replaced when it is needed.
    poolErrorHandler: () => undefined,
  };
}

/** TypeORM makes its pool by `new driver.Pool(options)`: this one ignores the options and reaches Postgres as told. */
function driverWith(access: PostgresAccess, { pool, timeoutMs }: PoolSettings): object {
  function Pool(): pg.Pool {
    return access.newPool({ max: pool, timeoutMs });
  }
  return { ...pg, Pool };
}
