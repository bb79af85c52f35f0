import { SettingsModule } from '@app/config';
import { ConnectionsModule } from '@app/connections';
import { EntitiesModule, waitForDatabase } from '@app/entities';
import { StartupError, StoreUnavailableError } from '@app/kernel';
import { createLog, ObservabilityModule } from '@app/observability';
import { type DynamicModule, type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

interface Settings {
  database: { url: string; urlFile?: string | undefined; timeoutMs: number };
  runtime: { production: boolean; logLevel: string };
}

/** Short, since the operator is waiting: an unavailable database is reported quickly. */
const PATIENCE_MS = 3000;
/** Statement timeout, in ms. Longer than in the services, since some commands scan whole tables. */
const STATEMENT_MS = 30_000;

/**
 * Runs one command with the repositories and any additional `modules`.
 *
 * @throws StartupError if the database is or becomes unavailable, or its schema is older than this release
 */
export async function withApp<T>(
  settings: Settings,
  modules: (DynamicModule | Type)[],
  work: (app: INestApplicationContext) => Promise<T>,
): Promise<T> {
  await waitForDatabase(settings.database, PATIENCE_MS, () => undefined, { needsSession: false });
  const log = createLog('cli', { production: settings.runtime.production, logLevel: 'error' });
  const module: DynamicModule = {
    module: CliModule,
    imports: [
      await SettingsModule.with({
        ...settings,
        database: { ...settings.database, timeoutMs: STATEMENT_MS, prepared: false },
      }),
      ObservabilityModule.with(log, { opsPort: false }),
      ConnectionsModule,
      EntitiesModule,
      ...modules,
    ],
  };
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    return await work(app);
  } catch (error) {
    throw error instanceof StoreUnavailableError ? new StartupError(`${error.message}: try again later`) : error;
  } finally {
    await app.close();
  }
}

@Module({})
class CliModule {}
