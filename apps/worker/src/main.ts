import { processEnvironment, readSettings, workerTopics } from '@app/config';
import { waitForDatabase } from '@app/entities';
import { createLog, NestLog, runMain } from '@app/observability';
import { waitForQueue } from '@app/queue';
import { NestFactory } from '@nestjs/core';
import { WorkerModule } from './worker.module.js';

async function main(): Promise<void> {
  const settings = readSettings(workerTopics, processEnvironment());
  const log = createLog('worker', settings.runtime);
  const { url, bootTimeoutMs } = settings.database;
  await waitForDatabase(url, bootTimeoutMs, (reason) => {
    log.warn({ reason }, 'waiting for the database');
  });
  await waitForQueue(settings.queue.redisUrl, bootTimeoutMs, () => {
    log.warn('waiting for Redis');
  });
  const app = await NestFactory.createApplicationContext(await WorkerModule.with(settings, log), {
    logger: new NestLog(log),
    abortOnError: false,
  });
  app.enableShutdownHooks(undefined, { useProcessExit: true });
  log.info('worker is up');
}

runMain(main);
