import { ConfigService, type SettingsService } from '@app/config';
import {
  AuditRepository,
  FailedSessionsRepository,
  RotatingRepository,
  type SessionRecord,
  SessionsRepository,
} from '@app/entities';
import type { FailureCode, SessionStatus } from '@app/kernel';
import { MintTokensQueue } from '@app/queue';
import { scrub } from '@app/observability';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { PoolSupply } from '../pool/pool-supply.js';
import { SessionReplyCache } from '../cached-reads/session-reply-cache.js';
import { sessionCursor } from '../sessions/list-sessions.query.js';
import { ROOM_API_PREFIX } from '../sessions/room-name.js';
import { SessionPresenter } from '../sessions/session.presenter.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { TimelinePresenter } from '../timeline/timeline.presenter.js';
import { TimelineService } from '../timeline/timeline.service.js';
import { ConsoleError } from './console-error.js';
import type { changeBody, redriveBody, sessionsQuery } from './console.schemas.js';

export type Action = 'retry' | 'close' | 'rotate';
type Change = z.output<typeof changeBody>;

/** Sessions that one request retries; the page asks again while there are more. */
const REDRIVE_BATCH = 100;
/** Retried concurrently, each in its own transaction. */
const AT_ONCE = 5;
/** Changes of a session whose reasons are shown. */
const REASONS = 50;

/**
 * What operators see and do. Like `cli`, it asks no admission service and is held to no pace: an operator repairs what they
 * have stopped or spoiled.
 */
@Injectable()
export class ConsoleSessions {
  constructor(
    private readonly service: SessionsService,
    private readonly timelines: TimelineService,
    private readonly timelinePresenter: TimelinePresenter,
    private readonly presenter: SessionPresenter,
    private readonly sessions: SessionsRepository,
    private readonly rotating: RotatingRepository,
    private readonly failed: FailedSessionsRepository,
    private readonly audit: AuditRepository,
    private readonly queue: MintTokensQueue,
    private readonly replies: SessionReplyCache,
    private readonly pool: PoolSupply,
    @Inject(ConfigService) private readonly config: SettingsService<'sessions'>,
  ) {}

  async list({ failure, cursor, status, ...filter }: z.output<typeof sessionsQuery>) {
    const wanted = failure === undefined ? status : 'failed';
    const { sessions, next } = await this.sessions.list({
      ...{ ...filter, status: wanted, failureCode: failure, after: cursor },
    });
    return {
      items: sessions.map((session) => this.shown(session)),
      nextCursor: next === null ? null : sessionCursor.encode(next),
    };
  }

  /** @throws ProblemError 404 */
  async read(id: string) {
    const timeline = await this.timelines.show(id);
    const { items } = await this.audit.list({ session: id, limit: REASONS });
    return {
      ...this.timelinePresenter.shown(timeline),
      session: this.shown(timeline.session),
      reasons: items.flatMap(({ at, actor, action, reason }) =>
        reason === null ? [] : [{ at, actor, action, reason }],
      ),
    };
  }

  /** @throws ProblemError 404 · ConsoleError 409 */
  async change(action: Action, id: string, operator: string, { version, reason }: Change) {
    const before = await this.service.find(id);
    const words = scrub(reason);
    // The version has to be the one that the operator decided upon; what the action checks under the lock is the state.
    if (before.version !== version || !actionsFor(before).includes(action)) throw this.changed(before, version);
    const { mintDeadlineS } = this.config.get('sessions', { infer: true });
    switch (action) {
      case 'retry': {
        await this.sessions.retry(id, operator, mintDeadlineS, { paced: false, reason: words });
        this.queue.enqueue(id, { now: true });
        return { session: this.shown(await this.service.find(id)) };
      }
      case 'close':
        await this.sessions.close(id, operator, words);
        this.replies.drop(id);
        return { session: this.shown(await this.service.find(id)) };
      case 'rotate': {
        const pool = this.pool.limitsFor(before.products);
        const next = await this.rotating.rotate(id, { actor: operator, deadlineS: mintDeadlineS, pool, reason: words });
        this.replies.drop(id);
        if (next === null) throw this.changed(await this.service.find(id), version);
        this.pool.record(next);
        if (next.status === 'pending') this.queue.enqueue(next.id, { now: false });
        return { session: this.shown(await this.service.find(id)), next: this.shown(next) };
      }
    }
  }

  /** How many failed sessions would be retried, as of now. */
  async redrivable(failure: FailureCode | undefined) {
    const code = failure ?? null;
    return {
      ...(await this.failed.count({ code })),
      failure: code,
      query: code === null ? 'status = failed' : `status = failed, failure = ${code}`,
      command: `npm run cli -- redrive ${code === null ? '--all' : `--code ${code}`}`,
    };
  }

  /** Retries the next of them, the oldest first. */
  async redrive(operator: string, { failure: code, before, reason }: z.output<typeof redriveBody>) {
    const { mintDeadlineS } = this.config.get('sessions', { infer: true });
    const options = { paced: false, reason: scrub(reason) };
    const ids = await this.failed.next({ code, before }, REDRIVE_BATCH);
    let retried = 0;
    for (let done = 0; done < ids.length; done += AT_ONCE) {
      const results = await Promise.all(
        ids.slice(done, done + AT_ONCE).map((id) => this.sessions.retry(id, operator, mintDeadlineS, options)),
      );
      for (const { session } of results) {
        if (session?.status !== 'pending') continue;
        this.queue.enqueue(session.id, { now: true });
        retried++;
      }
    }
    return { retried, left: (await this.failed.count({ code, before })).count };
  }

  private shown(session: SessionRecord) {
    return { ...this.presenter.withoutTokens(session), createdBy: session.createdBy, actions: actionsFor(session) };
  }

  private changed(session: SessionRecord, seen: number): ConsoleError {
    const { version, status } = session;
    const since = version === seen ? '' : ` It is at version ${String(version)}; you saw version ${String(seen)}.`;
    const detail = `Nothing was done: the session is ${status} now.${since}`;
    return new ConsoleError('session-changed', detail, { session: this.shown(session) });
  }
}

const BY_STATUS: Record<SessionStatus, readonly Action[]> = {
  pending: ['close', 'rotate'],
  ready: ['close', 'rotate'],
  failed: ['retry', 'close', 'rotate'],
  closed: [],
  expired: [],
};

/** What can be done with a session in its state. Sessions of drop-in rooms and those without a room cannot be rotated. */
export function actionsFor({ status, room }: Pick<SessionRecord, 'status' | 'room'>): Action[] {
  const rotatable = room !== null && !room.startsWith(ROOM_API_PREFIX);
  return BY_STATUS[status].filter((action) => action !== 'rotate' || rotatable);
}
