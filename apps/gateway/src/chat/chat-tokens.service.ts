import { ConfigService, type SettingsService } from '@app/config';
import { ChatTokensRepository, type SessionRecord, SessionsRepository } from '@app/entities';
import { MintTokensQueue } from '@app/queue';
import { Inject, Injectable } from '@nestjs/common';
import { Admission } from '../admission/admission.js';
import type { AdmissionAction } from '../admission/admission-policy.js';
import type { Caller } from '../auth/caller.js';
import type { WaitPreference } from '../http/prefer-wait.js';
import { ProblemError } from '../problems/problem.js';
import { OpeningsMetrics } from '../sessions/openings.metrics.js';
import { PendingLimit } from '../sessions/pending-limit.js';
import { SessionWaiter } from '../sessions/session-waiter.js';
import { chatSubjectOf } from './chat-subject.js';

/** Users may end a token this long after it was made, in ms: each new one is a call of CAS. */
const ENDABLE_AFTER_MS = 10_000;

/** Decides what happens to chat tokens: as for sessions, with the user in the place of the room. */
@Injectable()
export class ChatTokensService {
  constructor(
    private readonly chatTokens: ChatTokensRepository,
    private readonly sessions: SessionsRepository,
    private readonly queue: MintTokensQueue,
    private readonly waiter: SessionWaiter,
    private readonly admission: Admission,
    private readonly pendingLimit: PendingLimit,
    private readonly openings: OpeningsMetrics,
    @Inject(ConfigService) private readonly config: SettingsService<'sessions'>,
  ) {}

  /** Gets or creates the user's live token. `given` is the subject as it stands in the path. */
  async open(
    caller: Caller,
    given: string,
    preference: WaitPreference,
  ): Promise<{ token: SessionRecord; created: boolean }> {
    const subject = await this.admit(caller, given, 'chat');
    if (this.pendingLimit.isReachedFor(caller) && (await this.addsPending(subject)))
      throw new ProblemError('overloaded');
    const { mintDeadlineS } = this.config.get('sessions', { infer: true });
    const opened = await this.chatTokens.open({ subject, createdBy: caller.id, deadlineS: mintDeadlineS });
    if (opened.outcome === 'created') this.openings.record('chat');
    if (opened.outcome !== 'existing') this.queue.enqueue(opened.session.id, { now: opened.outcome === 'reopened' });
    const token = await this.waiter.waitAsPreferred(opened.session, caller, preference);
    return { token, created: opened.outcome === 'created' };
  }

  /** The user's live token. @throws ProblemError 404 */
  async read(caller: Caller, given: string, preference: WaitPreference): Promise<SessionRecord> {
    const token = await this.chatTokens.findLive(chatSubjectOf(caller, given));
    if (token === null) throw new ProblemError('not-found', { detail: 'The user has no chat token' });
    return this.waiter.waitAsPreferred(token, caller, preference);
  }

  /** Erases the user's token, if there is one: the next open creates another. */
  async close(caller: Caller, given: string): Promise<void> {
    const subject = await this.admit(caller, given, 'close-chat');
    const live = await this.chatTokens.findLive(subject);
    if (live === null) return;
    requireOld(live, caller);
    await this.sessions.close(live.id, caller.id);
  }

  private async admit(caller: Caller, given: string, action: AdmissionAction): Promise<string> {
    const subject = chatSubjectOf(caller, given);
    await this.admission.require(caller, action, { room: null, session: null, subject });
    return subject;
  }

  private async addsPending(subject: string): Promise<boolean> {
    const live = await this.chatTokens.findLive(subject);
    return live === null || live.status === 'failed';
  }
}

/** Backends are trusted to end tokens at any time. @throws ProblemError 429 */
function requireOld({ createdAt }: SessionRecord, { principal }: Caller): void {
  const waitMs = createdAt.getTime() + ENDABLE_AFTER_MS - Date.now();
  if (principal.kind === 'key' || waitMs <= 0) return;
  throw new ProblemError('rate-limited', {
    detail: 'A user can end a chat token 10 seconds after it was made',
    headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) },
  });
}
