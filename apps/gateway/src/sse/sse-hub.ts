import { ConfigService, type SettingsService } from '@app/config';
import type { SessionRecord } from '@app/entities';
import { Gauge, Metrics } from '@app/observability';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { AuthHook } from '../auth/auth.hook.js';
import type { Caller } from '../auth/caller.js';
import { CallerQuota } from '../auth/caller-quota.js';
import { ProblemError } from '../problems/problem.js';
import { SeatWatcher } from '../seats/seat-watcher.js';
import { SessionWatcher } from '../sessions/session-watcher.js';
import { SessionPresenter } from '../sessions/session.presenter.js';
import { hasEnded, Successors } from '../sessions/successors.js';
import { SseConnection } from './sse-connection.js';

/** How often the credentials of open connections are checked again, in ms; a revoked key must stop working within 5 s. */
const RECHECK_EVERY_MS = 1000;

export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Tells proxies not to buffer events.
  'x-accel-buffering': 'no',
};

interface Open {
  authorization: string | undefined;
  end: () => void;
}

/** All SSE connections of this gateway. */
@Injectable()
export class SseHub implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly connections = new Set<Open>();
  /** The rendered events of each session state, shared by all its connections: a state, and that it will end soon. */
  private readonly frames = new WeakMap<SessionRecord, string>();
  private readonly quota: CallerQuota;
  private closed = false;
  private rechecks: NodeJS.Timeout | undefined;

  constructor(
    private readonly watcher: SessionWatcher,
    private readonly seats: SeatWatcher,
    private readonly presenter: SessionPresenter,
    private readonly successors: Successors,
    private readonly auth: AuthHook,
    @Inject(ConfigService) private readonly config: SettingsService<'http'>,
    { registry }: Metrics,
  ) {
    const { maxSseConnections } = config.get('http', { infer: true });
    this.quota = new CallerQuota(maxSseConnections);
    const { connections } = this;
    new Gauge({
      name: 'sse_connections_limit',
      help: 'Maximum SSE connections of this gateway (MAX_SSE_CONNECTIONS)',
      registers: [registry],
    }).set(maxSseConnections);
    new Gauge({
      name: 'sse_connections',
      help: 'Open SSE connections of this gateway',
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

  /** Open connections would keep the process running. */
  onModuleDestroy(): void {
    this.closed = true;
    clearInterval(this.rechecks);
    for (const { end } of [...this.connections]) end();
  }

  /** Turns a reply into this session's event stream, starting with its current state. */
  open(session: SessionRecord, caller: Caller, reply: FastifyReply): void {
    const { streamHeartbeatMs } = this.config.get('http', { infer: true });
    if (this.closed) throw new ProblemError('draining');
    const { raw, request } = reply;
    // The client disconnected while its session was loaded: nothing would ever end this connection.
    if (raw.destroyed) return;
    const release = this.quota.take(caller);
    if (release === null) throw new ProblemError('overloaded');
    reply.hijack();
    raw.writeHead(200, { ...reply.getHeaders(), ...SSE_HEADERS } as Record<string, string>);
    const lastEventId = request.headers['last-event-id'];
    const stream = new SseConnection(
      raw,
      (state) => this.frameOf(state),
      typeof lastEventId === 'string' ? lastEventId : undefined,
    );
    // Flushes the headers even if there is no event to send yet.
    stream.heartbeat();
    const show = (state: SessionRecord): void => {
      if (hasEnded(state)) void this.end(stream, state, caller);
      else stream.send(state);
    };
    show(session);
    const unwatch = this.watcher.watch(session, show);
    const unwatchSeats = this.seats.watch(session.id, (counts) => {
      stream.sendSeats(counts);
    });
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
      unwatchSeats();
      release();
      this.connections.delete(open);
    });
  }

  /** Sends the last state, to callers that may follow with the room's newer session. */
  private async end(stream: SseConnection, session: SessionRecord, caller: Caller): Promise<void> {
    stream.send(await this.successors.lastState(session, caller));
    stream.end();
  }

  private frameOf(session: SessionRecord): string {
    const known = this.frames.get(session);
    if (known !== undefined) return known;
    const data = JSON.stringify(this.presenter.withoutTokens(session));
    // The id comes last: a client that is cut off in between has not seen this version, and gets both again.
    const id = `id: ${String(session.version)}\n`;
    const frame = session.expiring
      ? `event: session\ndata: ${data}\n\nevent: expiring\n${id}data: ${data}\n\n`
      : `event: session\n${id}data: ${data}\n\n`;
    this.frames.set(session, frame);
    return frame;
  }

  /** Many connections share few credentials: each credential is checked once. */
  private async recheck(): Promise<void> {
    const byCredential = Map.groupBy(this.connections, ({ authorization }) => authorization);
    await Promise.all(
      [...byCredential].map(async ([authorization, streams]) => {
        // An unavailable database says nothing about a credential.
        const usable = await this.auth.isStillAuthorized(authorization, 'sessions:read').catch(() => true);
        if (!usable) for (const { end } of streams) end();
      }),
    );
  }
}
