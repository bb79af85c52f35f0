import { processEnvironment, readSettings, workerNamespaces } from '@app/config';
import { waitForDatabase } from '@app/entities';
import { createLog, forceExitAfter, NestLog, runMain } from '@app/observability';
import { waitForQueue } from '@app/queue';
import { NestFactory } from '@nestjs/core';
import { WorkerModule } from './worker.module.js';

/** Longer than a CAS call in flight plus publishing its token with retries. */
const END_WITHIN_MS = 40_000;

async function main(): Promise<void> {
  const settings = readSettings(workerNamespaces, processEnvironment());
  const log = createLog('worker', { ...settings.runtime, traces: settings.tracing !== null });
  const { bootTimeoutMs } = settings.database;
  await waitForDatabase(settings.database, bootTimeoutMs, (reason) => {
    log.warn({ reason, timeoutMs: bootTimeoutMs }, 'waiting for the database');
  });
  const notes = await waitForQueue(settings.queue, bootTimeoutMs, (reason) => {
    log.warn({ reason, timeoutMs: bootTimeoutMs }, 'waiting for Redis');
  });
  for (const note of notes) log.warn(note);
  const app = await NestFactory.createApplicationContext(await WorkerModule.with(settings, log), {
    logger: new NestLog(log),
    abortOnError: false,
  });
  forceExitAfter(END_WITHIN_MS, log);
  app.enableShutdownHooks(undefined, { useProcessExit: true });
  log.info('worker is up');
}

runMain(main);
