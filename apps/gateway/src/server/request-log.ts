import { Histogram, LOG, type Log, Metrics } from '@app/observability';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../auth/caller.js';

/** One log line and one observation per request: ids only, never addresses or contents. */
@Injectable()
export class RequestLog {
  private readonly durations: Histogram<'route' | 'status'>;

  constructor(
    @Inject(LOG) private readonly log: Log,
    { registry }: Metrics,
  ) {
    this.durations = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Requests by route pattern and status; held ones include their wait',
      labelNames: ['route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    });
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
}

/** Users are never named in logs. */
function loggedCaller({ id, principal }: Caller): string {
  return principal.kind === 'user' ? 'user' : id;
}
