import { LOG, type Log } from '@app/observability';
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { methodsOf, pathOf } from '../access/routes.js';
import { answerWith, Problem } from './problem.js';
import { isFaultOfOurs, sortError } from './sort-error.js';

/** The one place where errors become replies. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOG) private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.reply(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  reply(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = otherMethods(sortError(error), request);
    if (isFaultOfOurs(problem)) this.log.error({ requestId: request.id, err: error }, 'request failed');
    const { status, headers, document } = answerWith(problem, pathOf(request.url), request.id);
    void reply.status(status).headers(headers).send(document);
  }
}

/** A path that exists with another method is 405 with `Allow`, not 404. */
function otherMethods(problem: Problem, request: FastifyRequest): Problem {
  if (problem.code !== 'not-found' || request.routeOptions.url !== undefined) return problem;
  const allowed = methodsOf(pathOf(request.url));
  return allowed.length === 0 ? problem : new Problem('method-not-allowed', { headers: { allow: allowed.join(', ') } });
}
