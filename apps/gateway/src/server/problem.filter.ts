import { ConfigService, type SettingsService } from '@app/config';
import { LOG, type Log } from '@app/observability';
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isRoomApiPath, requestPath, routeOrPath } from '../routing/request-path.js';
import { allowedMethods } from '../routing/routes.js';
import { renderFor } from '../problems/render-problem.js';
import { ProblemError } from '../problems/problem.js';
import { isServerError, toProblem } from '../problems/to-problem.js';

/** Turns every error into a reply. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(LOG) private readonly log: Log,
    @Inject(ConfigService) private readonly config: SettingsService<'roomApi'>,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.reply(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  reply(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const roomApi = this.config.get('roomApi', { infer: true });
    const path = requestPath(request.url);
    const hidden = !roomApi.on && isRoomApiPath(routeOrPath(request));
    const sorted = toProblem(error);
    const problem = hidden ? sorted : otherMethods(sorted, path, request.routeOptions.url);
    if (isServerError(problem)) this.log.error({ requestId: request.id, err: error }, 'request failed');
    request.problem = problem;
    const { status, headers, document } = renderFor(roomApi, problem, path, request.id);
    void reply.status(status).headers(headers).send(document);
  }
}

/** A path that exists with another method is 405 with `Allow`, not 404. */
function otherMethods(problem: ProblemError, path: string, route: string | undefined): ProblemError {
  if (problem.code !== 'not-found' || route !== undefined) return problem;
  const allowed = allowedMethods(path);
  return allowed.length === 0
    ? problem
    : new ProblemError('method-not-allowed', { headers: { allow: allowed.join(', ') } });
}
