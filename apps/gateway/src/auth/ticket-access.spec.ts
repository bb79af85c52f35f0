import type { SessionRecord, SessionsRepository } from '@app/entities';
import { describe, expect, it } from '@jest/globals';
import type { ProblemError } from '../problems/problem.js';
import type { TicketUse } from '../routing/routes.js';
import { TicketAccess } from './ticket-access.js';
import type { TicketPlace } from './ticket-signer.js';

const id = (letter: string) => `ses_${letter.repeat(22)}`;
const [MINE, OTHER, UNNAMED, ENDED] = [id('m'), id('o'), id('u'), id('e')];
const SESSIONS = [
  { id: MINE, room: 'derby', status: 'ready' },
  { id: OTHER, room: 'final', status: 'ready' },
  { id: UNNAMED, room: null, status: 'ready' },
  { id: ENDED, room: 'derby', status: 'closed' },
] as const;

let asked = 0;
const find = (wanted: string) => {
  asked++;
  return Promise.resolve((SESSIONS.find((session) => session.id === wanted) ?? null) as SessionRecord | null);
};
const access = new TicketAccess({ find } as SessionsRepository);

async function outcome(place: TicketPlace, use: TicketUse | undefined, parameters: Record<string, string>) {
  try {
    await access.require(place, use, parameters);
    return 'allowed';
  } catch (error) {
    return (error as ProblemError).code;
  }
}

describe('a ticket', () => {
  it.each<[TicketPlace]>([[{ session: MINE }], [{ room: 'derby' }]])(
    'for %j is refused by a route that says nothing of tickets',
    async (place) => {
      const everything = { tokenId: MINE, room: 'derby', subject: 'me' };
      expect(await outcome(place, undefined, everything)).toBe('insufficient-scope');
      expect(await outcome(place, 'session', everything)).toBe('allowed');
    },
  );

  it('for a session is for no other, and asks the database nothing about it', async () => {
    asked = 0;
    for (const tokenId of [OTHER, UNNAMED, ENDED, id('x'), '', MINE.toLowerCase().slice(0, -1)]) {
      expect([tokenId, await outcome({ session: MINE }, 'session', { tokenId })]).toEqual([
        tokenId,
        'insufficient-scope',
      ]);
    }
    expect(await outcome({ session: MINE }, 'session', { tokenId: MINE })).toBe('allowed');
    expect(await outcome({ session: MINE }, 'room', { room: 'derby' })).toBe('insufficient-scope');
    expect(await outcome({ session: MINE }, 'session', {})).toBe('insufficient-scope');
    expect(asked).toBe(0);
  });

  it('for a room is for its sessions and its name, and asks about a session once', async () => {
    asked = 0;
    const place = { room: 'derby' };
    for (const tokenId of [OTHER, UNNAMED, id('x')]) {
      expect([tokenId, await outcome(place, 'session', { tokenId })]).toEqual([tokenId, 'insufficient-scope']);
    }
    for (const tokenId of [ENDED, ENDED, OTHER]) await outcome(place, 'session', { tokenId });
    expect(asked).toBe(4);
    expect(await outcome(place, 'session', { tokenId: ENDED })).toBe('allowed');
    expect(await outcome({ room: 'café' }, 'room', { room: 'cafe\u0301' })).toBe('allowed');
    for (const room of ['Derby', 'derby ', 'final', '']) {
      expect([room, await outcome(place, 'room', { room })]).toEqual([room, 'insufficient-scope']);
    }
    expect(await outcome(place, 'room', {})).toBe('insufficient-scope');
  });

  it('is for its own subject, while its session lives', async () => {
    expect(await outcome({ session: MINE }, 'self', { subject: 'me' })).toBe('allowed');
    expect(await outcome({ room: 'nothing yet' }, 'self', { subject: 'me' })).toBe('allowed');
    for (const subject of ['Me', 'anna', '']) {
      expect([subject, await outcome({ session: MINE }, 'self', { subject })]).toEqual([subject, 'insufficient-scope']);
    }
    for (const session of [ENDED, id('x')]) {
      expect(await outcome({ session }, 'self', { subject: 'me' })).toBe('unauthenticated');
    }
  });
});
