import { ConfigService, type SettingsService } from '@app/config';
import { ConnectionsModule, Postgres } from '@app/connections';
import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiKeysRepository } from './api-keys/api-keys.repository.js';
import { AuditRepository } from './audit/audit.repository.js';
import { dataSourceOptions } from './database/data-source-options.js';
import { Database } from './database/database.js';
import { ProcessesRepository } from './fleet/processes.repository.js';
import { PacingRepository } from './pacing/pacing.repository.js';
import { FailedSessionsRepository } from './sessions/failed-sessions.repository.js';
import { SessionCountsRepository } from './fleet/session-counts.repository.js';
import { ClockSkewMonitor } from './database/clock-skew-monitor.js';
import { DeadlineFailures } from './sessions/deadline-failures.js';
import { ChatTokensRepository } from './sessions/chat-tokens.repository.js';
import { NewSessions } from './sessions/new-sessions.js';
import { PoolRefillRepository } from './pool/pool-refill.repository.js';
import { PoolRepository } from './pool/pool.repository.js';
import { PublishingRepository } from './sessions/publishing.repository.js';
import { ResealingRepository } from './sessions/resealing.repository.js';
import { RotatingRepository } from './sessions/rotating.repository.js';
import { RoomsRepository } from './sessions/rooms.repository.js';
import { SeatsRepository } from './seats/seats.repository.js';
import { SessionsRepository } from './sessions/sessions.repository.js';
import { SubjectsRepository } from './audit/subjects.repository.js';
import { SweepingRepository } from './sessions/sweeping.repository.js';
import { TimelineRepository } from './sessions/timeline.repository.js';
import { WebhookDeliveriesRepository } from './webhooks/webhook-deliveries.repository.js';
import { WebhookEndpointsRepository } from './webhooks/webhook-endpoints.repository.js';
import { WebhookLogRepository } from './webhooks/webhook-log.repository.js';
import { WebhookSecretsRepository } from './webhooks/webhook-secrets.repository.js';

const repositories = [
  ApiKeysRepository,
  AuditRepository,
  ChatTokensRepository,
  FailedSessionsRepository,
  PoolRefillRepository,
  PoolRepository,
  PacingRepository,
  ProcessesRepository,
  PublishingRepository,
  ResealingRepository,
  RoomsRepository,
  RotatingRepository,
  SeatsRepository,
  SessionCountsRepository,
  SessionsRepository,
  SubjectsRepository,
  SweepingRepository,
  TimelineRepository,
  WebhookDeliveriesRepository,
  WebhookEndpointsRepository,
  WebhookLogRepository,
  WebhookSecretsRepository,
];

/** The database and its repositories. `main.ts` waits for the database with `waitForDatabase` beforehand. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      imports: [ConnectionsModule],
      inject: [Postgres, ConfigService],
      useFactory: (postgres: Postgres, config: SettingsService<'database'>) => ({
        ...dataSourceOptions(postgres, config.get('database', { infer: true })),
        retryAttempts: 3,
        retryDelay: 1000,
      }),
    }),
  ],
  providers: [Database, ClockSkewMonitor, DeadlineFailures, NewSessions, ...repositories],
  exports: [Database, ClockSkewMonitor, DeadlineFailures, ...repositories],
})
export class EntitiesModule {}
