import { SessionsRepository } from '@app/entities';
import { SESSION_ID } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { ProblemError } from '../problems/problem.js';
import type { TicketUse } from '../routing/routes.js';
import { invalidToken } from './authenticated-caller.js';
import type { TicketPlace } from './ticket-signer.js';

const CACHE_MAX_SESSIONS = 20_000;

type Parameters = Partial<Record<string, string>>;

/**
 * Whether a ticket may be used for a request: only for its own session or room, whatever its scopes. Decided from the
 * table of routes, before the request has any effect: what a ticket is not for answers 403, whether or not it exists.
 */
@Injectable()
export class TicketAccess {
  /** Rooms by TokenID: a session never moves to another. */
  private readonly rooms = new LRUCache<string, string>({ max: CACHE_MAX_SESSIONS });

  constructor(private readonly sessions: SessionsRepository) {}

  /**
   * @param use what tickets may do on this route; undefined: nothing
   * @throws ProblemError 403, or 401 for a ticket whose session has ended · StoreUnavailableError
   */
  async require(place: TicketPlace, use: TicketUse | undefined, parameters: Parameters): Promise<void> {
    if (!(await this.covers(place, use, parameters)))
      throw new ProblemError('insufficient-scope', { detail: 'The ticket is not valid for this request' });
  }

  private async covers(place: TicketPlace, use: TicketUse | undefined, parameters: Parameters): Promise<boolean> {
    switch (use) {
      case 'room':
        return 'room' in place && parameters.room?.normalize('NFC') === place.room;
      case 'session':
        return 'session' in place
          ? parameters.tokenId === place.session
          : (await this.roomOf(parameters.tokenId ?? '')) === place.room;
      case 'self':
        if (parameters.subject !== 'me') return false;
        if ('session' in place) await this.requireLive(place.session);
        return true;
      case undefined:
        return false;
    }
  }

  private async roomOf(tokenId: string): Promise<string | null> {
    const known = this.rooms.get(tokenId);
    if (known !== undefined || !SESSION_ID.test(tokenId)) return known ?? null;
    const room = (await this.sessions.find(tokenId))?.room ?? null;
    if (room !== null) this.rooms.set(tokenId, room);
    return room;
  }

  /** Routes that name the session answer 404 and 410 themselves. */
  private async requireLive(session: string): Promise<void> {
    const status = (await this.sessions.find(session))?.status;
    if (status === undefined || status === 'closed' || status === 'expired') throw invalidToken();
  }
}
