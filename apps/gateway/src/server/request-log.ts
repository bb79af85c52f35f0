import type { IncomingMessage } from 'node:http';
import { ConfigService, type SettingsService } from '@app/config';
import { Histogram, LOG, type Log, Metrics } from '@app/observability';
import { traceIdIn, tracing } from '@app/tracing';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../auth/caller.js';
import type { CachedRead } from '../cached-reads/cached-reads.js';
import { ROUTES } from '../routing/routes.js';
import { isLogged, type LoggedRequests } from './logged-requests.js';

const CACHED_ROUTE = ROUTES.readSession.path;

/** One observation per request and, for those that `LOG_REQUESTS` names, one log line: ids only, never addresses or contents. */
@Injectable()
export class RequestLog {
  private readonly durations: Histogram<'route' | 'status'>;
  /** Its labels are looked up once. */
  private readonly cachedReads: { observe(seconds: number): void };
  private readonly logged: LoggedRequests;

  constructor(
    @Inject(LOG) private readonly log: Log,
    { registry }: Metrics,
    @Inject(ConfigService) config: SettingsService<'http'>,
  ) {
    this.logged = config.get('http', { infer: true }).logRequests;
    this.durations = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of requests by route pattern and status, in seconds; held requests include their wait',
      labelNames: ['route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    });
    this.cachedReads = this.durations.labels({ route: CACHED_ROUTE, status: '200' });
  }

  record(request: FastifyRequest, reply: FastifyReply): void {
    const route = request.routeOptions.url ?? 'unknown';
    const status = reply.statusCode;
    this.durations.observe({ route, status: String(status) }, reply.elapsedTime / 1000);
    const code = request.problem?.code;
    const traces = tracing();
    const traceId =
      traces === null
        ? callersTraceId(request.raw)
        : traces.describeRequest(request.raw, route, status, {
            'watchtogether.request.id': request.id,
            ...(code !== undefined && { 'error.type': code }),
            ...(request.sessionId !== null && { 'watchtogether.session.id': request.sessionId }),
          });
    if (!isLogged(this.logged, status)) return;
    this.log.info(
      {
        requestId: request.id,
        ...(traceId !== undefined && { trace_id: traceId }),
        method: request.method,
        route,
        status,
        ...(code !== undefined && { code }),
        ms: Math.round(reply.elapsedTime),
        ...(request.sessionId !== null && { sessionId: request.sessionId }),
        ...(request.caller !== null && { caller: loggedCaller(request.caller) }),
      },
      'request',
    );
  }

  /** The same for a read that was served before the framework. */
  recordCachedRead(request: IncomingMessage, { requestId, sessionId, caller }: CachedRead, ms: number): void {
    this.cachedReads.observe(ms / 1000);
    const traces = tracing();
    const traceId =
      traces === null
        ? callersTraceId(request)
        : traces.describeRequest(request, CACHED_ROUTE, 200, {
            'watchtogether.request.id': requestId,
            'watchtogether.session.id': sessionId,
          });
    if (this.logged !== 'all') return;
    this.log.info(
      {
        requestId,
        ...(traceId !== undefined && { trace_id: traceId }),
        method: 'GET',
        route: CACHED_ROUTE,
        status: 200,
        ms: Math.round(ms),
        sessionId,
        caller: loggedCaller(caller),
      },
      'request',
    );
  }
}

/** For while traces are off. */
function callersTraceId({ headers }: IncomingMessage): string | undefined {
  return headers.traceparent === undefined ? undefined : traceIdIn(headers.traceparent);
}

/** Persons are never named in logs. */
function loggedCaller({ id, principal }: Identity): string {
  if (principal.kind === 'ticket') return `ticket of key:${principal.issuer}`;
  return principal.kind === 'user' ? 'user' : id;
}
