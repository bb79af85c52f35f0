import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLog } from '@app/observability';
import { gatewayNamespaces, readSettings } from '@app/config';
import { GatewayModule } from '../../apps/gateway/src/gateway.module.js';
import { configureServer } from '../../apps/gateway/src/server/configure-server.js';
import { createFastifyAdapter } from '../../apps/gateway/src/server/fastify-adapter.js';
import { sendRaw } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';

@Controller()
class ForgottenController {
  @Get(['v1/forgotten', 'demo/forgotten'])
  read(): string {
    return 'not meant to be seen';
  }

  @Post(['demo', 'docs'])
  write(): string {
    return 'not meant to be done';
  }
}

describe('a route that is not in the table', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
  });
  afterAll(() => testApp.end());

  it('stops the start, and the message names it', async () => {
    const settings = readSettings(gatewayNamespaces, {
      NODE_ENV: 'test',
      DATABASE_URL: testApp.database.url,
      TOKEN_ENCRYPTION_KEYS: testApp.sealingKeys,
      OPS_PORT: '0',
    });
    const gateway = await GatewayModule.with(settings, createLog('gateway', { logLevel: 'silent', production: true }));
    @Module({ imports: [gateway], controllers: [ForgottenController] })
    class WithForgotten {}
    const app = await NestFactory.create<NestFastifyApplication>(WithForgotten, createFastifyAdapter(settings), {
      logger: false,
      bodyParser: false,
      abortOnError: false,
    });
    const listening = configureServer(app).listen(0, '127.0.0.1');
    const error = await listening.then(String, String);
    for (const route of ['GET /v1/forgotten', 'GET /demo/forgotten', 'POST /demo', 'POST /docs']) {
      expect(error).toContain(route);
    }
    await app.close();
  });

  it.each([
    '/docs/%00',
    '/docs/./swagger-ui.css',
    '/docs//swagger-ui.css',
    '/docs/../docs/swagger-ui.css',
    '/docs/%2e%2e/package.json',
    '/docs/package.json',
    '/docs/swagger-ui.js.map',
    '/docs/swagger-initializer.js',
    '/docs/index.html',
    '/docs/%ff',
    `/docs/${'x'.repeat(8000)}`,
    '/docs-json',
    '/docs-yaml',
    '/docsx',
    '/demo/../docs/package.json',
  ])('%s is not served', async (path) => {
    // As it is: HTTP clients would resolve the dots.
    const reply = await sendRaw(testApp.url, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(reply.status).toBeLessThan(500);
    expect(reply.headers['content-type']).toContain('application/problem+json');
  });
});
