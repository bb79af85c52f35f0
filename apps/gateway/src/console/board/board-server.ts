import { createBullBoard } from '@bull-board/api';
import type { BaseAdapter } from '@bull-board/api/baseAdapter';
import type { AppControllerRoute, BullBoardQueues, IServerAdapter, UIConfig } from '@bull-board/api/typings/app';

export interface BoardReply {
  status: number;
  body: unknown;
}

/** What bull-board needs of a web server, for replies to GET alone: routes that change something are left out. */
export class BoardServer implements IServerAdapter {
  private queues: BullBoardQueues = new Map();
  private uiConfig: UIConfig = {};
  private routes: { path: readonly string[]; route: AppControllerRoute }[] = [];

  constructor(queues: readonly BaseAdapter[], uiConfig: UIConfig) {
    // Its own search for the files of the page would fail in the bundle; they are served without it.
    createBullBoard({ queues: [...queues], serverAdapter: this, options: { uiBasePath: '.', uiConfig } });
  }

  /** @param path below `/api`, such as `/queues`. Null if there is none */
  async get(path: string, query: Record<string, unknown>): Promise<BoardReply | null> {
    const segments = path.split('/');
    for (const { path: pattern, route } of this.routes) {
      const params = match(pattern, segments);
      if (params === null) continue;
      const request = { queues: this.queues, uiConfig: this.uiConfig, query, params, body: {}, headers: {} };
      const { status = 200, body } = await route.handler(request);
      return { status, body };
    }
    return null;
  }

  setQueues(queues: BullBoardQueues): this {
    this.queues = queues;
    return this;
  }

  setApiRoutes(routes: AppControllerRoute[]): this {
    const reading = routes.filter(({ method }) => [method].flat().includes('get'));
    this.routes = reading.flatMap((route) =>
      [route.route].flat().map((path) => ({ path: path.replace(/^\/api/, '').split('/'), route })),
    );
    return this;
  }

  setUIConfig(config: UIConfig): this {
    this.uiConfig = config;
    return this;
  }

  /** The page, its files and errors are answered by the console. */
  setViewsPath = (): this => this;
  setStaticPath = (): this => this;
  setEntryRoute = (): this => this;
  setErrorHandler = (): this => this;
}

/** The parameters of a path, or null: `/queues/:name` fits `/queues/mint-tokens`. */
function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | null {
  if (pattern.length !== segments.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = segment;
    else if (part !== segment) return null;
  }
  return params;
}
