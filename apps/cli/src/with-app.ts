import { SettingsModule } from '@app/config';
import { EntitiesModule, waitForDatabase } from '@app/entities';
import { createLog, ObservabilityModule } from '@app/observability';
import { type DynamicModule, type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

interface Settings {
  database: { url: string };
  runtime: { production: boolean; logLevel: string };
}

/** A person waits in front of it: a database that is away is said at once. */
const PATIENCE_MS = 3000;

/**
 * The repositories, for the time of one command. `modules` are what the command needs beside them.
 *
 * @throws CannotStart when the database does not answer, or its schema is older than this program
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
      await SettingsModule.with(settings),
      ObservabilityModule.with(log, { opsPort: false }),
      EntitiesModule,
      ...modules,
    ],
  };
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

@Module({})
class CliModule {}
