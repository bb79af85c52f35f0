import { ConfigService, type SettingsService } from '@app/config';
import { Global, Inject, Injectable, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { PostgresAccess } from './postgres/postgres-access.js';

/** The access of this process to Postgres, from `DATABASE_URL`. */
@Injectable()
export class Postgres extends PostgresAccess implements OnApplicationShutdown {
  constructor(@Inject(ConfigService) config: SettingsService<'database'>) {
    const log = new Logger('Postgres');
    super(config.get('database', { infer: true }), (line) => {
      log.warn(line);
    });
  }

  onApplicationShutdown(): void {
    this.close();
  }
}

@Global()
@Module({ providers: [Postgres], exports: [Postgres] })
export class ConnectionsModule {}
