import { WebhookLogRepository } from '@app/entities';
import { DELIVERY_ID, VERSION } from '@app/kernel';
import { LOG, type Log, OpsServer, scrub } from '@app/observability';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AuditTrail } from '../audit/audit-trail.js';
import { ProblemError, renderProblem } from '../problems/problem.js';
import { isServerError, toProblem } from '../problems/to-problem.js';
import { requestPath } from '../routing/request-path.js';
import { deliveriesShown, webhookShown } from '../webhooks/webhook.presenter.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';
import { BOARD_PATH } from './board/board-files.js';
import { BoardRoutes } from './board/board.routes.js';
import { ConsoleAccess } from './console-access.js';
import { ConsoleError } from './console-error.js';
import { ConsoleOverview } from './console-overview.js';
import { type Action, ConsoleSessions } from './console-sessions.js';
import {
  changeBody,
  deliveriesQuery,
  overviewQuery,
  parse,
  redriveBody,
  redriveQuery,
  replayBody,
  sessionsQuery,
} from './console.schemas.js';
import { pageFiles } from './files.js';
import { PAGE_HEADERS } from './page-headers.js';

const ACTIONS: readonly Action[] = ['retry', 'close', 'rotate'];
const BODY_LIMIT = 4096;

interface Parameters {
  id: string;
  delivery: string;
}

/** The console: pages at `/console`, and what they show and do at `/console/api`, on the ops port. */
@Injectable()
export class ConsoleRoutes implements OnModuleInit {
  constructor(
    private readonly ops: OpsServer,
    private readonly access: ConsoleAccess,
    private readonly overview: ConsoleOverview,
    private readonly sessions: ConsoleSessions,
    private readonly webhooks: WebhooksService,
    private readonly deliveries: WebhookLogRepository,
    private readonly board: BoardRoutes,
    private readonly audit: AuditTrail,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.ops.register((server, _options, done) => {
      server.addHook('onRequest', async (_request, reply) => {
        void reply.headers(PAGE_HEADERS);
      });
      server.setErrorHandler((error, request, reply) => this.refuse(error, request, reply));
      for (const { paths, type, content } of pageFiles())
        for (const path of paths) server.get(path, (_request, reply) => reply.type(type).send(content));
      void server.register(
        (api, _none, ready) => {
          this.serveApi(api);
          ready();
        },
        { prefix: '/console/api' },
      );
      void server.register(
        (board, _none, ready) => {
          this.board.serve(board);
          ready();
        },
        { prefix: BOARD_PATH },
      );
      done();
    });
  }

  private serveApi(api: FastifyInstance): void {
    api.decorateRequest('operator', '');
    api.decorateRequest('caller', null);
    api.removeContentTypeParser('text/plain');
    api.addHook('onRequest', (request, reply) => this.access.require(request, reply));
    api.setNotFoundHandler((request, reply) => this.refuse(new ProblemError('not-found'), request, reply));
    const options = { bodyLimit: BODY_LIMIT };
    const idOf = ({ params }: FastifyRequest) => (params as Parameters).id;

    api.get('/me', ({ operator }) => ({ operator, readOnly: this.access.readOnly, version: VERSION }));
    api.get('/overview', ({ query }) => this.overview.view(parse(overviewQuery, query, 'query').after ?? 0));

    api.get('/sessions', ({ query }) => this.sessions.list(parse(sessionsQuery, query, 'query')));
    api.get('/sessions/:id', (request) => this.sessions.read(idOf(request)));
    for (const action of ACTIONS) {
      api.post(`/sessions/:id/${action}`, options, (request) =>
        this.sessions.change(action, idOf(request), request.operator, parse(changeBody, request.body, 'body')),
      );
    }
    api.get('/redrive', ({ query }) => this.sessions.redrivable(parse(redriveQuery, query, 'query').failure));
    api.post('/redrive', options, ({ operator, body }) =>
      this.sessions.redrive(operator, parse(redriveBody, body, 'body')),
    );

    api.get('/webhooks', async () => ({ items: (await this.webhooks.list()).map(webhookShown) }));
    api.get('/webhooks/:id/deliveries', async (request) => {
      const { cursor, ...filter } = parse(deliveriesQuery, request.query, 'query');
      const webhook = await this.webhooks.read(idOf(request));
      const { deliveries, next } = await this.deliveries.list({ endpointId: webhook.id, ...filter, after: cursor });
      return { webhook: webhookShown(webhook), ...deliveriesShown(deliveries, next) };
    });
    api.post('/webhooks/:id/deliveries/:delivery/replay', options, async (request) => {
      const reason = scrub(parse(replayBody, request.body, 'body').reason);
      const { delivery } = request.params as Parameters;
      const webhook = await this.webhooks.readEnabled(idOf(request));
      const replayed =
        DELIVERY_ID.test(delivery) &&
        (await this.deliveries.replay(webhook.id, delivery, { actor: request.operator, reason }));
      if (!replayed) throw new ProblemError('not-found', { detail: 'Delivery not found' });
      return { delivery };
    });
  }

  private async refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (error instanceof ConsoleError) {
      const { status, document } = error.render(request.id);
      await reply.status(status).type('application/problem+json').send(document);
      return;
    }
    const problem = toProblem(error);
    if (isServerError(problem)) this.log.error({ requestId: request.id, err: error }, 'console request failed');
    const { caller } = request;
    if (caller !== null) this.audit.denied(caller, problem.code, null);
    const { status, headers, document } = renderProblem(problem, requestPath(request.url), request.id);
    await reply.status(status).headers(headers).send(document);
  }
}
