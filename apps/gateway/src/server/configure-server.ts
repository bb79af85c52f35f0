import { ConfigService, type SettingsService } from '@app/config';
import { Health } from '@app/observability';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthHook } from '../auth/auth.hook.js';
import { CachedReads } from '../cached-reads/cached-reads.js';
import { isSwaggerUiPath } from '../routing/public-paths.js';
import { isRoomApiPath, requestPath, routeOrPath } from '../routing/request-path.js';
import { isForeignPage } from './foreign-pages.js';
import { refuseUnknownRoutes } from './refuse-unknown-routes.js';
import { serveDemo } from '../demo/serve-demo.js';
import { createDocument } from '../openapi/document.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { auditReplies } from '../audit/audit-replies.hook.js';
import { crossOrigin } from './cors.js';
import { openRoomsWithoutNest } from './open-rooms.js';
import { RequestLog } from './request-log.js';
import { parseJsonBodies } from './json-body.js';
import { setSecurityHeaders } from './security-headers.js';
import { serveCachedReads } from './serve-cached-reads.js';
import { serveIndex } from './serve-index.js';
import { ValidationPipe } from './validation.pipe.js';
import { ProblemError } from '../problems/problem.js';
import { ProblemFilter } from './problem.filter.js';
import { RoomsController } from '../sessions/rooms.controller.js';

/** Configures the HTTP server. `main.ts` and the tests share it, so that they cannot drift apart. */
export function configureServer(app: NestFastifyApplication): NestFastifyApplication {
  const auth = app.get(AuthHook);
  const filter = app.get(ProblemFilter);
  const health = app.get(Health);
  const cachedReads = app.get(CachedReads);
  const config = app.get<SettingsService<'http' | 'roomApi'>>(ConfigService);
  const roomApi = config.get('roomApi', { infer: true });
  const http = config.get('http', { infer: true });
  const originsOf = (path: string) =>
    isRoomApiPath(path) ? roomApi.origins : path.startsWith('/v1/') ? http.corsOrigins : [];
  const preflight = crossOrigin({ http, roomApi });
  const server = app.getHttpAdapter().getInstance();
  server.server.maxConnections = http.maxConnections;
  parseJsonBodies(server);
  server.decorateRequest('caller', null);
  server.decorateRequest('sessionId', null);
  server.decorateRequest('problem', null);
  server.decorateRequest('disclosure', null);
  server.decorateRequest('readMark', null);
  server.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const place = routeOrPath(request);
    setSecurityHeaders(place, reply);
    void reply.header('Request-Id', request.id);
    // A body of length 0 is no body, whatever type common clients give it.
    if (request.headers['content-length'] === '0') delete request.headers['content-type'];
    if (isPrivate(place)) void reply.header('Cache-Control', 'no-store');
    if (preflight(request, reply)) return reply;
    try {
      // For unknown paths no body is read.
      if (isUnknown(request, place, roomApi.on)) throw new ProblemError('not-found');
      if (isForeignPage(request, originsOf(place))) {
        throw new ProblemError('origin-not-allowed');
      }
      await auth.onRequest(request, reply);
      cachedReads.beforeRead(request);
    } catch (error) {
      filter.reply(error, request, reply);
      return reply;
    }
    return undefined;
  });
  // The body is there by now, and its last byte may have come late.
  server.addHook('preHandler', async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      await request.caller?.revalidate();
    } catch (error) {
      filter.reply(error, request, reply);
      return reply;
    }
    return undefined;
  });
  server.addHook('onSend', (_request, reply: FastifyReply, _payload, done) => {
    if (health.isDraining) void reply.header('Connection', 'close');
    done();
  });
  const requestLog = app.get(RequestLog);
  serveCachedReads(server, cachedReads, requestLog);
  server.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    requestLog.record(request, reply);
    done();
  });
  server.addHook('onResponse', auditReplies(app.get(AuditTrail)));
  refuseUnknownRoutes(server);
  openRoomsWithoutNest(server, app.get(RoomsController), filter);
  app.useGlobalFilters(filter);
  app.useGlobalPipes(new ValidationPipe());
  if (http.swagger) serveDocs(app);
  serveDemo(app);
  serveIndex(app);
  return app;
}

/** For these no body is read. Of Swagger UI only its page's files are served, in exactly their spelling. */
function isUnknown(request: FastifyRequest, place: string, roomApiOn: boolean): boolean {
  const { url } = request.routeOptions;
  if (url === undefined) return true;
  if (isRoomApiPath(place)) return !roomApiOn;
  return url.startsWith('/docs') && !isSwaggerUiPath(requestPath(request.url));
}

/** Replies under these paths may carry tokens or reveal whether something exists: they must not be cached. */
function isPrivate(path: string): boolean {
  return path.startsWith('/v1/') || isRoomApiPath(path);
}

function serveDocs(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => createDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    // Not as YAML as well.
    raw: ['json'],
    swaggerOptions: { persistAuthorization: false, displayRequestDuration: true, tryItOutEnabled: true },
    customSiteTitle: 'WatchTogether Auth Server',
  });
}
