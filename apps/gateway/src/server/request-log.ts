import { Histogram, LOG, type Log, Metrics } from '@app/observability';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../auth/caller.js';
import type { CachedRead } from '../cached-reads/cached-reads.js';
import { ROUTES } from '../routing/routes.js';

const CACHED_ROUTE = ROUTES.readSession.path;

/** One log line and one observation per request: ids only, never addresses or contents. */
@Injectable()
export class RequestLog {
  private readonly durations: Histogram<'route' | 'status'>;
  /** Its labels are looked up once. */
  private readonly cachedReads: { observe(seconds: number): void };

  constructor(
    @Inject(LOG) private readonly log: Log,
    { registry }: Metrics,
  ) {
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
    this.log.info(
      {
        requestId: request.id,
        method: request.method,
        route,
        status,
        ...(request.problem !== null && { code: request.problem.code }),
        ms: Math.round(reply.elapsedTime),
        ...(request.sessionId !== null && { sessionId: request.sessionId }),
        ...(request.caller !== null && { caller: loggedCaller(request.caller) }),
      },
      'request',
    );
  }

  /** The same for a read that was served before the framework. */
  recordCachedRead({ requestId, sessionId, caller }: CachedRead, ms: number): void {
    this.cachedReads.observe(ms / 1000);
    this.log.info(
      {
        requestId,
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

/** Persons are never named in logs. */
function loggedCaller({ id, principal }: Identity): string {
  if (principal.kind === 'ticket') return `ticket of key:${principal.issuer}`;
  return principal.kind === 'user' ? 'user' : id;
}
