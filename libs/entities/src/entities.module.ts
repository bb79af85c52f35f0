import { ConfigService, type SettingsService } from '@app/config';
import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiKeysRepository } from './api-keys.repository.js';
import { AuditRepository } from './audit.repository.js';
import { dataSourceOptions } from './data-source-options.js';
import { Database } from './database.js';
import { DatabaseClock } from './database-clock.js';
import { PublishingRepository } from './publishing.repository.js';
import { ResealingRepository } from './resealing.repository.js';
import { RoomsRepository } from './rooms.repository.js';
import { SessionsRepository } from './sessions.repository.js';
import { SubjectsRepository } from './subjects.repository.js';
import { SweepingRepository } from './sweeping.repository.js';

const repositories = [
  ApiKeysRepository,
  AuditRepository,
  PublishingRepository,
  ResealingRepository,
  RoomsRepository,
  SessionsRepository,
  SubjectsRepository,
  SweepingRepository,
];

/** The database and its repositories. `main.ts` has waited for it with `waitForDatabase`. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: SettingsService<'database'>) => ({
        ...dataSourceOptions(config.get('database', { infer: true })),
        retryAttempts: 3,
        retryDelay: 1000,
      }),
    }),
  ],
  providers: [Database, DatabaseClock, ...repositories],
  exports: [Database, DatabaseClock, ...repositories],
})
export class EntitiesModule {}
