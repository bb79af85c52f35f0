import { SettingsModule } from '@app/config';
import { EntitiesModule, waitForDatabase } from '@app/entities';
import { StartupError, StoreUnavailableError } from '@app/kernel';
import { createLog, ObservabilityModule } from '@app/observability';
import { type DynamicModule, type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

interface Settings {
  database: { url: string; timeoutMs: number };
  runtime: { production: boolean; logLevel: string };
}

/** A person waits in front of it: a database that is away is said at once. */
const PATIENCE_MS = 3000;
/** No client waits behind an operator's command, and some of them look at every row: one statement may take this, in ms. */
const STATEMENT_MS = 30_000;

/**
 * The repositories, for the time of one command. `modules` are what the command needs beside them.
 *
 * @throws StartupError when the database does not answer, now or later, or its schema is older than this program
 */
export async function withApp<T>(
  settings: Settings,
  modules: (DynamicModule | Type)[],
  work: (app: INestApplicationContext) => Promise<T>,
): Promise<T> {
  await waitForDatabase(settings.database.url, PATIENCE_MS, () => undefined);
  const log = createLog('cli', { production: settings.runtime.production, logLevel: 'error' });
  const module: DynamicModule = {
    module: CliModule,
    imports: [
      await SettingsModule.with({ ...settings, database: { ...settings.database, timeoutMs: STATEMENT_MS } }),
      ObservabilityModule.with(log, { opsPort: false }),
      EntitiesModule,
      ...modules,
    ],
  };
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    return await work(app);
  } catch (error) {
    throw error instanceof StoreUnavailableError ? new StartupError(`${error.message}: try again`) : error;
  } finally {
    await app.close();
  }
}

@Module({})
class CliModule {}
