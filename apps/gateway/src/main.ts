import type { AddressInfo } from 'node:net';
import { gatewayNamespaces, processEnvironment, readSettings } from '@app/config';
import { waitForDatabase } from '@app/entities';
import { createLog, forceExitAfter, maxOpenFiles, NestLog, runMain, untilListening } from '@app/observability';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { configureServer } from './server/configure-server.js';
import { GatewayModule } from './gateway.module.js';
import { createFastifyAdapter } from './server/fastify-adapter.js';

/** Added to the drain time. */
const END_WITHIN_MS = 30_000;

async function main(): Promise<void> {
  const settings = readSettings(gatewayNamespaces, processEnvironment());
  const log = createLog('gateway', { ...settings.runtime, traces: settings.tracing !== null });
  const { bootTimeoutMs } = settings.database;
  await waitForDatabase(settings.database, bootTimeoutMs, (reason) => {
    log.warn({ reason, timeoutMs: bootTimeoutMs }, 'waiting for the database');
  });
  const module = await GatewayModule.with(settings, log);
  const app = await NestFactory.create<NestFastifyApplication>(module, createFastifyAdapter(settings), {
    logger: new NestLog(log),
    bodyParser: false,
    abortOnError: false,
  });
  forceExitAfter(settings.http.drainMs + END_WITHIN_MS, log);
  configureServer(app).enableShutdownHooks(undefined, { useProcessExit: true });
  const { host, port, maxConnections } = settings.http;
  const openFiles = maxOpenFiles() ?? Infinity;
  if (settings.runtime.production && openFiles < maxConnections)
    log.warn({ openFiles, maxConnections }, 'the limit of open files is below MAX_CONNECTIONS: raise it (ulimit -n)');
  await untilListening({ host, port, variables: 'HOST, PORT' }, app.listen(port, host));
  const { port: boundPort } = app.getHttpServer().address() as AddressInfo;
  // getUrl() of Nest names 127.0.0.1 for 0.0.0.0.
  log.info({ url: `http://${host.includes(':') ? `[${host}]` : host}:${String(boundPort)}` }, 'gateway is up');
}

runMain(main);
