import { ConfigService, type SettingsService } from '@app/config';
import type { SessionRecord } from '@app/entities';
import { Gauge, Metrics } from '@app/observability';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { AuthHook } from '../auth/auth.hook.js';
import { ProblemError } from '../problems/problem.js';
import { SessionWatcher } from '../sessions/session-watcher.js';
import { SessionPresenter } from '../sessions/session.presenter.js';
import { SseConnection } from './sse-connection.js';

/** How often credentials of open streams are looked at again, in ms; a revoked key must be dead within 5 s. */
const RECHECK_EVERY_MS = 1000;

export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Proxies must pass events on as they come.
  'x-accel-buffering': 'no',
};

interface Open {
  authorization: string | undefined;
  end: () => void;
}

/** All event streams of this gateway. */
@Injectable()
export class SseHub implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly connections = new Set<Open>();
  /** Everybody who watches a session is sent the same text. */
  private readonly frames = new WeakMap<SessionRecord, string>();
  private closed = false;
  private rechecks: NodeJS.Timeout | undefined;

  constructor(
    private readonly watcher: SessionWatcher,
    private readonly presenter: SessionPresenter,
    private readonly auth: AuthHook,
    @Inject(ConfigService) private readonly config: SettingsService<'http'>,
    { registry }: Metrics,
  ) {
    const { connections } = this;
    new Gauge({
      name: 'sse_connections',
      help: 'Event streams that this gateway holds',
      registers: [registry],
      collect() {
        this.set(connections.size);
      },
    });
  }

  /** Open connections of this gateway. */
  get count(): number {
    return this.connections.size;
  }

  onApplicationBootstrap(): void {
    this.rechecks = setInterval(() => void this.recheck(), RECHECK_EVERY_MS);
  }

  /** A stream would hold the process for ever. */
  onModuleDestroy(): void {
    this.closed = true;
    clearInterval(this.rechecks);
    for (const { end } of [...this.connections]) end();
  }

  /** Turns a reply into the stream of this session, from its state now. */
  open(session: SessionRecord, reply: FastifyReply): void {
    const { maxSseConnections, streamHeartbeatMs } = this.config.get('http', { infer: true });
    if (this.closed) throw new ProblemError('draining');
    if (this.connections.size >= maxSseConnections) throw new ProblemError('overloaded');
    const { raw, request } = reply;
    // The client has left while its session was looked up: nothing would ever end this stream.
    if (raw.destroyed) return;
    reply.hijack();
    raw.writeHead(200, { ...reply.getHeaders(), ...SSE_HEADERS } as Record<string, string>);
    const lastEventId = request.headers['last-event-id'];
    const stream = new SseConnection(
      raw,
      (state) => this.frameOf(state),
      typeof lastEventId === 'string' ? lastEventId : undefined,
    );
    // At once, so that the reader has the headers even if there is nothing to tell.
    stream.heartbeat();
    const show = (state: SessionRecord): void => {
      if (stream.send(state)) stream.end();
    };
    show(session);
    const unwatch = this.watcher.watch(session, show);
    const heart = setInterval(() => {
      stream.heartbeat();
    }, streamHeartbeatMs);
    const open = {
      authorization: request.headers.authorization,
      end: () => {
        stream.end();
      },
    };
    this.connections.add(open);
    raw.on('close', () => {
      clearInterval(heart);
      unwatch();
      this.connections.delete(open);
    });
  }

  private frameOf(session: SessionRecord): string {
    const known = this.frames.get(session);
    if (known !== undefined) return known;
    const data = JSON.stringify(this.presenter.withoutTokens(session));
    const frame = `event: session\nid: ${String(session.version)}\ndata: ${data}\n\n`;
    this.frames.set(session, frame);
    return frame;
  }

  /** Many streams share few credentials: each is looked at once. */
  private async recheck(): Promise<void> {
    const byCredential = Map.groupBy(this.connections, ({ authorization }) => authorization);
    await Promise.all(
      [...byCredential].map(async ([authorization, streams]) => {
        // A database that is away says nothing about a credential.
        const usable = await this.auth.isStillAuthorized(authorization, 'sessions:read').catch(() => true);
        if (!usable) for (const { end } of streams) end();
      }),
    );
  }
}
