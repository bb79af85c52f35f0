import { gatewayTopics, processEnvironment, readSettings } from '@app/config';
import { waitForDatabase } from '@app/entities';
import { createLog, endWithin, NestLog, runMain } from '@app/observability';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { configureGateway } from './configure-gateway.js';
import { GatewayModule } from './gateway.module.js';
import { createAdapter } from './http/adapter.js';

/** After the time that it drains. */
const END_WITHIN_MS = 30_000;

async function main(): Promise<void> {
  const settings = readSettings(gatewayTopics, processEnvironment());
  const log = createLog('gateway', settings.runtime);
  await waitForDatabase(settings.database.url, settings.database.bootTimeoutMs, (reason) => {
    log.warn({ reason }, 'waiting for the database');
  });
  const module = await GatewayModule.with(settings, log);
  const app = await NestFactory.create<NestFastifyApplication>(module, createAdapter(settings), {
    logger: new NestLog(log),
    bodyParser: false,
    abortOnError: false,
  });
  endWithin(settings.http.drainMs + END_WITHIN_MS, log);
  configureGateway(app).enableShutdownHooks(undefined, { useProcessExit: true });
  await app.listen(settings.http.port, settings.http.host);
  log.info({ url: await app.getUrl() }, 'gateway is up');
}

runMain(main);
