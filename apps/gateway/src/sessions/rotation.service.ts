import { ConfigService, type SettingsService } from '@app/config';
import { RotatingRepository, type SessionRecord } from '@app/entities';
import { MintTokensQueue } from '@app/queue';
import { Inject, Injectable } from '@nestjs/common';
import { Admission } from '../admission/admission.js';
import type { Caller } from '../auth/caller.js';
import { SessionReplyCache } from '../cached-reads/session-reply-cache.js';
import { PoolSupply } from '../pool/pool-supply.js';
import type { WaitPreference } from '../http/prefer-wait.js';
import { ProblemError } from '../problems/problem.js';
import { requireOwn } from './own-sessions.js';
import { OpeningsMetrics } from './openings.metrics.js';
import { PendingLimit } from './pending-limit.js';
import { ROOM_API_PREFIX } from './room-name.js';
import type { SessionResult } from './session.presenter.js';
import { SessionsService } from './sessions.service.js';
import { SessionWaiter } from './session-waiter.js';
import { Successors } from './successors.js';

/** Rotation: the session of a room is closed, and the room's next generation opened, as one change. */
@Injectable()
export class RotationService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly rotating: RotatingRepository,
    private readonly queue: MintTokensQueue,
    private readonly waiter: SessionWaiter,
    private readonly admission: Admission,
    private readonly pendingLimit: PendingLimit,
    private readonly replies: SessionReplyCache,
    private readonly successors: Successors,
    private readonly openings: OpeningsMetrics,
    private readonly pool: PoolSupply,
    @Inject(ConfigService) private readonly config: SettingsService<'sessions'>,
  ) {}

  /**
   * The next generation of the session's room. Admission is asked for both parts. Of two rotations of one session, the
   * later one finds it closed.
   *
   * @throws ProblemError 403, 404, 410 with a link to the newer session, 422 for a session without a room, 503
   */
  async rotate(caller: Caller, id: string, preference: WaitPreference): Promise<SessionResult> {
    const session = await this.sessions.find(id);
    const room = rotatableRoom(session);
    await this.successors.throwIfEnded(session, caller);
    requireOwn(session, caller);
    await this.admission.require(caller, 'close', { room, session: id });
    await this.admission.require(caller, 'open', { room, session: null });
    if (this.pendingLimit.isReachedFor(caller)) throw new ProblemError('overloaded');
    const { mintDeadlineS } = this.config.get('sessions', { infer: true });
    const next = await this.rotating.rotate(id, {
      actor: caller.id,
      deadlineS: mintDeadlineS,
      pool: this.pool.limitsFor(session.products),
    });
    this.replies.drop(id);
    if (next === null) {
      await this.successors.throwIfEnded(await this.sessions.find(id), caller);
      throw new ProblemError('unavailable');
    }
    this.openings.record('room');
    this.pool.record(next);
    if (next.status === 'pending') this.queue.enqueue(next.id, { now: false });
    return { session: await this.waiter.waitAsPreferred(next, caller, preference), created: true };
  }
}

/** @throws ProblemError 422 */
function rotatableRoom({ room }: SessionRecord): string {
  const detail =
    room === null
      ? 'The session has no room: create a new session instead'
      : 'The session is of a drop-in room, whose next session is for everyone who knows its name';
  if (room !== null && !room.startsWith(ROOM_API_PREFIX)) return room;
  throw new ProblemError('validation-failed', { detail, errors: [{ detail, parameter: 'tokenId' }] });
}
