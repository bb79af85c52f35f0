import { ConfigService, type SettingsService } from '@app/config';
import { StoreUnavailableError, withTimeout } from '@app/kernel';
import { BoardQueues } from '@app/queue';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { ProblemError } from '../../problems/problem.js';
import { ConsoleAccess } from '../console-access.js';
import { BOARD_HEADERS } from '../page-headers.js';
import { type BoardFile, boardFiles, boardPage, UI_CONFIG } from './board-files.js';
import type { BoardServer } from './board-server.js';

type Wildcard = Record<'*', string>;

/**
 * BullMQ's board, to read. Its page and the files of it are served without a key, since a frame cannot send one and they
 * hold no data; the data is behind the same door as the rest of the console.
 */
@Injectable()
export class BoardRoutes {
  private board: Promise<BoardServer> | undefined;
  private files: Map<string, BoardFile> | undefined;
  private page: string | undefined;

  constructor(
    private readonly access: ConsoleAccess,
    private readonly queues: BoardQueues,
    @Inject(ConfigService) private readonly config: SettingsService<'queue'>,
  ) {}

  /** @param server below `/console/api/board` */
  serve(server: FastifyInstance): void {
    server.decorateRequest('operator', '');
    server.decorateRequest('caller', null);
    server.addHook('onRequest', async ({ method }, reply) => {
      void reply.headers(BOARD_HEADERS);
      // bull-board has been told as well; this holds whatever its next version does.
      if (method !== 'GET' && method !== 'HEAD')
        throw new ProblemError('method-not-allowed', { headers: { allow: 'GET, HEAD' } });
    });
    server.get('/static/*', (request, reply) => {
      this.files ??= boardFiles();
      const file = this.files.get((request.params as Wildcard)['*']);
      if (file === undefined) throw new ProblemError('not-found');
      return reply.type(file.type).send(file.content);
    });
    for (const path of ['/', '/*']) {
      // Known, for the hook above to refuse them.
      server.route({ method: ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], url: path, handler: () => undefined });
      server.get(path, (_request, reply) => reply.type('text/html; charset=utf-8').send((this.page ??= boardPage())));
    }
    const guarded = { onRequest: this.access.require.bind(this.access) };
    server.get('/api/*', guarded, async ({ params, query }, reply) => {
      const path = `/${(params as Wildcard)['*']}`;
      const { status, body } = await this.read(path, query as Record<string, unknown>);
      return reply.status(status).send(body);
    });
  }

  /** @throws ProblemError 404 · StoreUnavailableError: BullMQ waits forever for an unavailable store */
  private async read(path: string, query: Record<string, unknown>) {
    const { addTimeoutMs } = this.config.get('queue', { infer: true });
    const reading = this.open().then((board) => board.get(path, query));
    const unavailable = (cause: unknown) => new StoreUnavailableError('queue', { cause });
    const found = await withTimeout(addTimeoutMs, reading, () => new Error('no response')).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (found === null) throw new ProblemError('not-found');
    return found;
  }

  /** With the first request that is allowed to. An attempt that failed is not the last one. */
  private open(): Promise<BoardServer> {
    this.board ??= this.start().catch((error: unknown) => {
      this.board = undefined;
      throw error;
    });
    return this.board;
  }

  private async start(): Promise<BoardServer> {
    const { BoardServer } = await import(/* webpackChunkName: "board" */ './board-server.js');
    return new BoardServer(await this.queues.open(), UI_CONFIG);
  }
}
