import { ConfigService, type SettingsService } from '@app/config';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DevelopmentKey } from './development-key.js';
import { pageFiles } from './files.js';
import { networkOrigin } from './network-origin.js';
import { pageHeaders } from './page-headers.js';

/**
 * The watch page: open a room, share it, see that every client gets the same token. It is a client of the
 * public API and no part of it, so it is served beside the API's routes.
 */
export function serveDemo(app: NestFastifyApplication): void {
  const settings = app.get<SettingsService<'demo' | 'access' | 'http'>>(ConfigService);
  const { on, sdkUrl, sdkIntegrity, linkSecret } = settings.get('demo', { infer: true });
  if (!on) return;
  const key = new DevelopmentKey(settings.get('access', { infer: true }).bootstrapKey, linkSecret);
  const { swagger: docs, host, index: development } = settings.get('http', { infer: true });
  const headers = pageHeaders(sdkUrl);
  const server = app.getHttpAdapter().getInstance();
  for (const { path, type, content } of pageFiles()) {
    server.get(path, (_request, reply) =>
      reply.headers({ ...headers, 'content-type': type, 'cache-control': 'no-cache' }).send(content),
    );
  }
  const noStore = { ...headers, 'cache-control': 'no-store' };
  server.get('/demo/config.json', ({ socket }, reply) =>
    reply.headers(noStore).send({
      docs,
      sdkUrl: sdkUrl ?? null,
      sdkIntegrity: sdkIntegrity ?? null,
      // Addresses of this machine are told in development only.
      networkOrigin: development ? networkOrigin(host, socket.localPort) : null,
    }),
  );
  server.post('/demo/key', ({ body }, reply) =>
    reply.headers(noStore).send({ key: key.exchange((body as { secret?: unknown } | undefined)?.secret) }),
  );
}
