import { ConfigService, type SettingsService } from '@app/config';
import { Health } from '@app/observability';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthHook } from '../auth/auth.hook.js';
import { isRoomApiPath, routeOrPath } from '../routing/request-path.js';
import { serveDemo } from '../demo/serve-demo.js';
import { createDocument } from '../openapi/document.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { auditDenials } from '../audit/audit-denials.hook.js';
import { crossOrigin } from './cors.js';
import { RequestLog } from './request-log.js';
import { parseJsonBodies } from './json-body.js';
import { allowSwaggerUi, sendSecurityHeaders } from './security-headers.js';
import { serveIndex } from './serve-index.js';
import { ValidationPipe } from './validation.pipe.js';
import { ProblemError } from '../problems/problem.js';
import { ProblemFilter } from './problem.filter.js';

/** Configures the HTTP server. `main.ts` and the tests share it, so that they cannot drift apart. */
export function configureServer(app: NestFastifyApplication): NestFastifyApplication {
  const gatekeeper = app.get(AuthHook);
  const filter = app.get(ProblemFilter);
  const health = app.get(Health);
  const config = app.get<SettingsService<'http' | 'roomApi'>>(ConfigService);
  const roomApi = config.get('roomApi', { infer: true });
  const http = config.get('http', { infer: true });
  const preflight = crossOrigin({ http, roomApi });
  const server = app.getHttpAdapter().getInstance();
  server.server.maxConnections = http.maxConnections;
  sendSecurityHeaders(server);
  parseJsonBodies(server);
  server.decorateRequest('caller', null);
  server.decorateRequest('sessionId', null);
  server.decorateRequest('problem', null);
  server.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    void reply.header('Request-Id', request.id);
    const place = routeOrPath(request);
    if (isPrivate(place)) void reply.header('Cache-Control', 'no-store');
    allowSwaggerUi(place, reply);
    if (preflight(request, reply)) return reply;
    try {
      // For unknown paths no body is read.
      const isNothing = request.routeOptions.url === undefined || (isRoomApiPath(place) && !roomApi.on);
      if (isNothing) throw new ProblemError('not-found');
      await gatekeeper.onRequest(request, reply);
    } catch (error) {
      filter.reply(error, request, reply);
      return reply;
    }
    return undefined;
  });
  server.addHook('onSend', async (_request: FastifyRequest, reply: FastifyReply) => {
    if (health.isDraining) void reply.header('Connection', 'close');
  });
  const requestLog = app.get(RequestLog);
  server.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    requestLog.record(request, reply);
    done();
  });
  server.addHook('onResponse', auditDenials(app.get(AuditTrail)));
  app.useGlobalFilters(filter);
  app.useGlobalPipes(new ValidationPipe());
  if (http.swagger) serveDocs(app);
  serveDemo(app);
  serveIndex(app);
  return app;
}

/** Replies under these paths may carry tokens or reveal whether something exists: they must not be cached. */
function isPrivate(path: string): boolean {
  return path.startsWith('/v1/') || isRoomApiPath(path);
}

function serveDocs(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => createDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
    customSiteTitle: 'WatchTogether Auth Server',
  });
}
