import { ConfigService, type SettingsService } from '@app/config';
import { RoomsRepository, type SessionRecord, SessionsRepository } from '@app/entities';
import { failpoint, type Product, PRODUCTS, SESSION_ID } from '@app/kernel';
import { MintTokensQueue } from '@app/queue';
import { Inject, Injectable } from '@nestjs/common';
import { requireOwn } from './own-sessions.js';
import { insufficientScope } from '../auth/authenticated-caller.js';
import { type Caller, hasScope } from '../auth/caller.js';
import { Admission } from '../admission/admission.js';
import { ProblemError } from '../problems/problem.js';
import { PoolSupply } from '../pool/pool-supply.js';
import { SessionReplyCache } from '../cached-reads/session-reply-cache.js';
import { OpeningsMetrics } from './openings.metrics.js';
import { PendingLimit } from './pending-limit.js';
import { fingerprint } from '../http/idempotency-key.js';
import { type ListSessionsQuery, sessionCursor } from './list-sessions.query.js';
import type { WaitPreference } from '../http/prefer-wait.js';
import type { SessionResult } from './session.presenter.js';
import type { OpenSessionBody } from './session.schemas.js';
import { SessionWaiter } from './session-waiter.js';
import { Successors } from './successors.js';

/** Decides what happens to sessions. The row comes first; the job is only a hint. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly rooms: RoomsRepository,
    private readonly sessions: SessionsRepository,
    private readonly queue: MintTokensQueue,
    private readonly waiter: SessionWaiter,
    private readonly admission: Admission,
    private readonly pendingLimit: PendingLimit,
    private readonly replies: SessionReplyCache,
    private readonly successors: Successors,
    private readonly openings: OpeningsMetrics,
    private readonly pool: PoolSupply,
    @Inject(ConfigService) private readonly config: SettingsService<'sessions' | 'runtime'>,
  ) {}

  /** Creates a session without a room. */
  async create(
    caller: Caller,
    body: OpenSessionBody,
    key: string | undefined,
    preference: WaitPreference,
  ): Promise<SessionResult> {
    const opening = this.opening(body);
    await this.admission.require(caller, 'open', { room: null, session: null });
    if (this.pendingLimit.isReachedFor(caller)) throw new ProblemError('overloaded');
    const idempotency = key === undefined ? undefined : { caller: caller.id, key, fingerprint: fingerprint(body) };
    const created = await this.sessions.create({ ...opening, createdBy: caller.id }, idempotency);
    if (created.outcome === 'created') {
      this.openings.record('unnamed');
      this.pool.record(created.session);
      this.enqueue(created.session);
    }
    const session = await this.waiter.waitAsPreferred(created.session, caller, preference);
    return { session, created: created.outcome === 'created', replayed: created.outcome === 'replayed' };
  }

  /** Gets or creates the room's live session. */
  async openRoom(
    caller: Caller,
    room: string,
    body: OpenSessionBody,
    preference: WaitPreference,
  ): Promise<SessionResult> {
    const opening = {
      ...this.opening(body),
      room,
      wanted: body.products && inOrder(body.products),
      createdBy: caller.id,
    };
    await this.admission.require(caller, 'open', { room, session: null });
    if (this.pendingLimit.isReachedFor(caller) && (await this.addsPending(room))) throw new ProblemError('overloaded');
    const opened = await this.rooms.open(opening);
    if (body.products !== undefined && !sameProducts(body.products, opened.session.products)) {
      throw new ProblemError('products-differ', { detail: `The session has ${opened.session.products.join(' and ')}` });
    }
    if (opened.outcome !== 'existing') this.openings.record(opened.outcome === 'created' ? 'room' : 'reopened');
    if (opened.outcome === 'created') this.pool.record(opened.session);
    if (opened.outcome !== 'existing') this.enqueue(opened.session, opened.outcome === 'reopened');
    return {
      session: await this.waiter.waitAsPreferred(opened.session, caller, preference),
      created: opened.outcome === 'created',
    };
  }

  /** The room's live session. */
  async readRoom(caller: Caller, room: string, preference: WaitPreference): Promise<SessionRecord> {
    const session = await this.rooms.findLive(room);
    if (session === null) throw new ProblemError('not-found', { detail: 'The room has no session' });
    return this.waiter.waitAsPreferred(session, caller, preference);
  }

  /** A session by its TokenID, also one that has ended. @throws ProblemError 404 */
  async find(id: string): Promise<SessionRecord> {
    const session = SESSION_ID.test(id) ? await this.sessions.find(id) : null;
    if (session === null) throw new ProblemError('not-found', { detail: 'Session not found' });
    return session;
  }

  /** A session by its TokenID. @throws ProblemError 404, or 410 with a link to the room's newer session */
  async read(caller: Caller, id: string, preference: WaitPreference): Promise<SessionRecord> {
    const found = await this.find(id);
    const session = await this.waiter.waitAsPreferred(found, caller, preference);
    await this.successors.throwIfEnded(session, caller);
    return session;
  }

  /**
   * Puts a failed session back to pending; a pending one is enqueued again, a ready one is left unchanged. It may lead to
   * calls of CAS, so it is asked about like an open, and a session is retried at most once in 10 s. It shows the session,
   * so that of another caller needs `sessions:read`.
   *
   * @throws ProblemError 403, 404, 410, 429
   */
  async retry(caller: Caller, id: string): Promise<SessionRecord> {
    const found = await this.find(id);
    if (found.createdBy !== caller.id && !hasScope(caller, 'sessions:read'))
      throw insufficientScope('sessions:read', id);
    await this.successors.throwIfEnded(found, caller);
    await this.admission.require(caller, 'open', { room: found.room, session: id });
    if (found.status === 'failed' && this.pendingLimit.isReachedFor(caller)) throw new ProblemError('overloaded');
    const { mintDeadlineS } = this.config.get('sessions', { infer: true });
    const { session, retryAfterMs } = await this.sessions.retry(id, caller.id, mintDeadlineS);
    if (session === null) throw new ProblemError('not-found', { detail: 'Session not found' });
    await this.successors.throwIfEnded(session, caller);
    if (retryAfterMs > 0) {
      const retryAfter = String(Math.ceil(retryAfterMs / 1000));
      throw new ProblemError('rate-limited', {
        detail: 'A session can be retried once in 10 seconds',
        headers: { 'retry-after': retryAfter },
      });
    }
    this.enqueue(session, true);
    return session;
  }

  /** A page of sessions for administrators. */
  async list({
    cursor,
    ...filter
  }: ListSessionsQuery): Promise<{ sessions: SessionRecord[]; nextCursor: string | null }> {
    const { sessions, next } = await this.sessions.list({ ...filter, after: cursor });
    return { sessions, nextCursor: next === null ? null : sessionCursor.encode(next) };
  }

  /** Closes a session permanently. Closing again changes nothing. Users can close only sessions they created. */
  async close(caller: Caller, id: string): Promise<void> {
    const session = await this.find(id);
    requireOwn(session, caller);
    await this.admission.require(caller, 'close', { room: session.room, session: id });
    await this.sessions.close(id, caller.id);
    this.replies.drop(id);
  }

  /** Whether opening this room would add to what is pending: by a new session, or by a failed one put back. */
  private async addsPending(room: string): Promise<boolean> {
    const live = await this.rooms.findLive(room);
    return live === null || live.status === 'failed';
  }

  /** @throws ProblemError 422 if the session has more time than any: the schema knows no settings */
  private opening(body: OpenSessionBody) {
    const { defaultProducts, mintDeadlineS } = this.config.get('sessions', { infer: true });
    const { readyWithinS } = body;
    if (readyWithinS !== undefined && readyWithinS > mintDeadlineS) {
      const errors = [{ detail: `must be at most ${String(mintDeadlineS)}`, pointer: '#/readyWithinS' }];
      throw new ProblemError('validation-failed', { errors });
    }
    const products = inOrder(body.products ?? defaultProducts);
    return {
      products,
      pool: this.pool.limitsFor(products),
      metadata: body.metadata ?? {},
      readyWithinS,
      deadlineS: mintDeadlineS,
    };
  }

  /**
   * One that took its tokens from the pool is ready, and needs no job. A retried session may still have its earlier job,
   * delayed until the next attempt: `again` runs it now.
   */
  private enqueue({ id, status }: SessionRecord, again = false): void {
    if (status !== 'pending') return;
    failpoint(this.config.get('runtime', { infer: true }).failpoint, 'before-enqueue');
    this.queue.enqueue(id, { now: again });
  }
}

/** Products are stored in a fixed order, so that SQL can compare two sets. */
function inOrder(products: readonly Product[]): Product[] {
  return PRODUCTS.filter((product) => products.includes(product));
}

function sameProducts(wanted: readonly string[], had: readonly string[]): boolean {
  return wanted.length === had.length && wanted.every((product) => had.includes(product));
}
