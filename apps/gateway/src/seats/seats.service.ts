import { ConfigService, type SettingsService } from '@app/config';
import { type NotReady, type SeatRecord, SeatsRepository, type SessionRecord } from '@app/entities';
import { MAX_SEATS_PER_PERSON, SEAT_ID, SEAT_LEASE_S } from '@app/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { Admission } from '../admission/admission.js';
import { type Caller, hasScope } from '../auth/caller.js';
import { ProblemError } from '../problems/problem.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { SessionTokens, type Tokens } from '../tokens/session-tokens.js';
import { type ListSeatsQuery, seatCursor, type TakeSeatBody } from './seat.schemas.js';

/** Seats: a name and a place in a ready session, for the time of a lease. Advisory, since the vendor knows nothing of it. */
@Injectable()
export class SeatsService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly seats: SeatsRepository,
    private readonly admission: Admission,
    private readonly tokens: SessionTokens,
    @Inject(ConfigService) private readonly config: SettingsService<'sessions'>,
  ) {}

  /** @throws ProblemError 403, 404, 409, 410, 429 for a person with as many seats as they may have */
  async take(caller: Caller, sessionId: string, body: TakeSeatBody): Promise<{ seat: SeatRecord; tokens?: Tokens }> {
    const session = await this.readSession(caller, sessionId);
    if (session.status !== 'ready') throw notReady(session.status);
    // Before a seat is taken: callers who are not admitted take none.
    const tokens = await this.tokens.read(session, caller);
    if (tokens === undefined) await this.admission.require(caller, 'join', { room: session.room, session: sessionId });
    const { maxParticipants } = this.config.get('sessions', { infer: true });
    const maxOfCaller = caller.principal.kind === 'key' ? null : MAX_SEATS_PER_PERSON;
    const taken = await this.seats.take({ ...body, sessionId, takenBy: caller.id, maxParticipants, maxOfCaller });
    switch (taken.outcome) {
      case 'taken':
        return { seat: taken.seat, ...(tokens !== undefined && { tokens }) };
      case 'name-taken':
        throw new ProblemError('name-taken', {
          errors: [{ detail: 'is taken', pointer: '#/name' }],
          ...(taken.suggestion !== null && { suggestion: taken.suggestion }),
        });
      case 'full':
        throw new ProblemError('session-full', {
          detail: `The session has ${String(maxParticipants)} participants; viewers are welcome`,
        });
      case 'limit-reached':
        throw new ProblemError('rate-limited', {
          detail: `You hold ${String(MAX_SEATS_PER_PERSON)} seats of this session: leave one first`,
          sessionId,
          headers: { 'retry-after': String(SEAT_LEASE_S) },
        });
      case 'not-ready':
        return this.throwNotReady(taken, caller, sessionId);
    }
  }

  /** @throws ProblemError 403, 404, 409, 410 */
  async renew(caller: Caller, sessionId: string, id: string): Promise<SeatRecord> {
    await this.readSession(caller, sessionId);
    const renewed = SEAT_ID.test(id)
      ? await this.seats.renew({ sessionId, id, caller: caller.id, mayChangeAny: false })
      : ({ outcome: 'not-found' } as const);
    switch (renewed.outcome) {
      case 'renewed':
        return renewed.seat;
      case 'not-found':
        throw new ProblemError('not-found', { detail: 'The seat is not held: its lease has lapsed, or it was freed' });
      case 'foreign':
        throw foreign(sessionId);
      case 'not-ready':
        return this.throwNotReady(renewed, caller, sessionId);
    }
  }

  /** Freeing again changes nothing; the seats of a session that has ended are free. @throws ProblemError 403, 404 */
  async free(caller: Caller, sessionId: string, id: string): Promise<void> {
    await this.sessions.find(sessionId);
    if (!SEAT_ID.test(id)) throw new ProblemError('not-found', { detail: 'Seat not found' });
    const mayChangeAny = hasScope(caller, 'admin');
    const { outcome } = await this.seats.free({ sessionId, id, caller: caller.id, mayChangeAny });
    if (outcome === 'foreign') throw foreign(sessionId);
  }

  /** @throws ProblemError 404, 410 */
  async list(
    caller: Caller,
    sessionId: string,
    { limit, cursor }: ListSeatsQuery,
  ): Promise<{ seats: SeatRecord[]; nextCursor: string | null }> {
    await this.readSession(caller, sessionId);
    const { seats, next } = await this.seats.list(sessionId, { limit, after: cursor });
    return { seats, nextCursor: next === null ? null : seatCursor.encode(next) };
  }

  /** @throws ProblemError 404, 410 */
  private readSession(caller: Caller, sessionId: string): Promise<SessionRecord> {
    return this.sessions.read(caller, sessionId, { since: performance.now(), waitS: null });
  }

  /** The session ended between the read and the change: the next read says how. */
  private async throwNotReady({ status }: NotReady, caller: Caller, sessionId: string): Promise<never> {
    if (status !== 'pending' && status !== 'failed') await this.readSession(caller, sessionId);
    throw notReady(status);
  }
}

function notReady(status: string | null): ProblemError {
  return new ProblemError('session-not-ready', {
    ...(status === 'failed' && { detail: 'The session has failed: open its room again, or retry it' }),
  });
}

function foreign(sessionId: string): ProblemError {
  const detail = 'The seat is held by another caller';
  return new ProblemError('insufficient-scope', { detail, sessionId });
}
