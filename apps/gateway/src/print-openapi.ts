import { createLog, runMain } from '@app/observability';
import type { GatewaySettings } from '@app/config';
import { NestFactory } from '@nestjs/core';
import { createDocument } from './openapi/document.js';
import { GatewayModule } from './gateway.module.js';
import { createFastifyAdapter } from './server/fastify-adapter.js';

/** Preview mode creates no providers, so only module definitions read these settings. */
const NOTHING = {
  queue: { redisUrl: undefined },
  database: { url: 'postgres://nowhere' },
  http: { trustedProxies: 0, corsOrigins: [] as string[] },
  roomApi: { on: false },
  tracing: null,
} as GatewaySettings;

/** Prints the OpenAPI document without starting a database or queue. */
async function main(): Promise<void> {
  const module = await GatewayModule.with(NOTHING, createLog('openapi', { logLevel: 'silent', production: true }));
  const app = await NestFactory.create(module, createFastifyAdapter(NOTHING), {
    preview: true,
    logger: false,
    abortOnError: false,
  });
  process.stdout.write(`${JSON.stringify(createDocument(app), null, 2)}\n`);
}

runMain(main);
