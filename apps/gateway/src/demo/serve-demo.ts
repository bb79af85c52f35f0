import { ConfigService, type SettingsService } from '@app/config';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pageFiles } from './files.js';
import { isThisMachine } from './is-this-machine.js';
import { pageHeaders } from './page-headers.js';

/**
 * The watch page: open a room, share it, see that every client gets the same token. It is a client of the
 * public API and no part of it, so it is served beside the API's routes.
 */
export function serveDemo(app: NestFastifyApplication): void {
  const settings = app.get<SettingsService<'demo' | 'access' | 'http'>>(ConfigService);
  const { on, sdkUrl, handsOutKey } = settings.get('demo', { infer: true });
  if (!on) return;
  const key = handsOutKey ? settings.get('access', { infer: true }).bootstrapKey : undefined;
  const { swagger: docs } = settings.get('http', { infer: true });
  const headers = pageHeaders(sdkUrl);
  const server = app.getHttpAdapter().getInstance();
  for (const { path, type, content } of pageFiles()) {
    server.get(path, (_request, reply) =>
      reply.headers({ ...headers, 'content-type': type, 'cache-control': 'no-cache' }).send(content),
    );
  }
  server.get('/demo/config.json', (request, reply) =>
    reply
      .headers({ ...headers, 'cache-control': 'no-store' })
      .send({ docs, sdkUrl: sdkUrl ?? null, key: key !== undefined && isThisMachine(request) ? key : null }),
  );
}
