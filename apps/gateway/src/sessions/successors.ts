import { type SessionRecord, SessionsRepository } from '@app/entities';
import { Injectable } from '@nestjs/common';
import { type Caller, hasScope } from '../auth/caller.js';
import { ProblemError } from '../problems/problem.js';
import { ROOM_API_PREFIX } from './room-name.js';

/** Tells the callers of a session that has ended which session of its room is live now, if they may follow it there. */
@Injectable()
export class Successors {
  /** Lookups of ended sessions, shared by all followers that received the same record. */
  private readonly known = new WeakMap<SessionRecord, Promise<SessionRecord>>();

  constructor(private readonly sessions: SessionsRepository) {}

  /** @throws ProblemError 410, with a link to the newer session, if the session was closed or has expired */
  async throwIfEnded(session: SessionRecord, caller: Caller): Promise<void> {
    const { status } = session;
    if (!hasEnded(session)) return;
    const { successor } = mayFollow(caller, session) ? await this.withSuccessor(session) : session;
    throw new ProblemError(status === 'closed' ? 'session-closed' : 'session-expired', {
      ...(successor !== undefined && { headers: { link: `</v1/sessions/${successor}>; rel="successor-version"` } }),
    });
  }

  /** The last state of an ended session for a caller that has followed it. Never throws: without a successor at worst. */
  async lastState(session: SessionRecord, caller: Caller): Promise<SessionRecord> {
    if (!mayFollow(caller, session)) return session;
    try {
      // The credential was checked when the caller began to follow.
      await caller.revalidate();
      return mayFollow(caller, session) ? await this.withSuccessor(session) : session;
    } catch {
      return session;
    }
  }

  private withSuccessor(session: SessionRecord): Promise<SessionRecord> {
    const known = this.known.get(session);
    if (known !== undefined) return known;
    const lookup = this.lookUp(session);
    this.known.set(session, lookup);
    return lookup;
  }

  private async lookUp(session: SessionRecord): Promise<SessionRecord> {
    const { room, generation } = session;
    const successor = room === null ? null : await this.sessions.findSuccessor(room, generation);
    return successor === null ? session : { ...session, successor };
  }
}

export function hasEnded({ status }: SessionRecord): boolean {
  return status === 'closed' || status === 'expired';
}

/**
 * Whether a caller may learn the newer session of a room: if it may open the room, or has a ticket for the room, which is
 * valid for all its sessions. A ticket for a session ends with it. Drop-in rooms are reached by their adapter alone.
 */
function mayFollow(caller: Caller, { room }: SessionRecord): boolean {
  if (room === null || room.startsWith(ROOM_API_PREFIX)) return false;
  const { principal } = caller;
  if (principal.kind === 'ticket') return 'room' in principal.place && principal.place.room === room;
  return hasScope(caller, 'rooms:open');
}
