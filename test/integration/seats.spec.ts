import { newSessionId } from '@app/kernel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AdmissionService } from '../support/admission-service.js';
import type { Client } from '../support/client.js';
import { EventReader } from '../support/event-reader.js';
import { eventually } from '../support/eventually.js';
import { freeSeat, outcome, renewSeat, type Seat, takeSeat } from '../support/seats.js';
import { issueFor, ticketOf } from '../support/tickets.js';
import { type RunningGateway, TestApp } from '../support/test-app.js';

const MAX = 5;

let service: AdmissionService;
let testApp: TestApp;
let client: Client;
let other: RunningGateway;
let rooms = 0;
beforeAll(async () => {
  service = await AdmissionService.start();
  testApp = await TestApp.open({ env: { ...service.env, MAX_PARTICIPANTS: String(MAX) } });
  client = testApp.client;
  other = await testApp.startGateway();
});
afterAll(async () => {
  await testApp.end();
  await service.close();
});
beforeEach(() => {
  service.reset();
});
afterEach(async () => {
  EventReader.leaveAll();
  await testApp.cas.clearFaults();
});

const aSession = async () => (await client.openRoom(`room ${++rooms}`, { wait: 10 })).body.id;
const seatsOf = (session: string) =>
  testApp.database.rows<{ id: string; name: string; role: string }>(
    'SELECT id, name, role FROM seats WHERE session_id = $1 ORDER BY name',
    [session],
  );
const lapse = ({ id }: Seat) =>
  testApp.database.rows(`UPDATE seats SET lease_until = now() - interval '1 ms' WHERE id = $1`, [id]);

describe('a seat', () => {
  it('is a name and a place in a session, for the time of a lease', async () => {
    const session = await aSession();
    const before = Date.now();
    const reply = await client.send<Seat>('POST', `/v1/sessions/${session}/seats`, {
      body: { name: ' Zoe\u0308 ', role: 'participant' },
    });
    expect(reply.status).toBe(201);
    const { body: seat } = reply;
    expect(seat).toEqual({
      id: expect.stringMatching(/^seat_\w{22}$/),
      session,
      name: 'Zo\u00eb',
      role: 'participant',
      takenAt: expect.any(String),
      leaseUntil: expect.any(String),
      leaseS: 60,
      tokens: { stream: (await client.read(session)).body.tokens?.stream },
    });
    expect(Date.parse(seat.leaseUntil) - before).toBeGreaterThan(55_000);
    expect(Date.parse(seat.leaseUntil) - before).toBeLessThan(65_000);
    expect(reply.headers.location).toBe(`/v1/sessions/${session}/seats/${seat.id}`);
  });

  it('comes with tokens for those alone who may read them, and that is in the audit trail', async () => {
    const session = await aSession();
    const plain = await testApp.clientWith('seats:take');
    const reader = await testApp.clientWith('seats:take', 'tokens:read');
    expect((await takeSeat(plain, session, 'Anna')).body.tokens).toBeUndefined();
    expect((await takeSeat(reader, session, 'Ben')).body.tokens?.stream).toBeDefined();
    await eventually(async () => {
      const entries = await testApp.database.rows(
        `SELECT actor, count FROM audit_entries WHERE session_id = $1 AND action = 'read-tokens' AND actor = ANY($2)`,
        [session, [plain, reader].map(({ apiKey }) => `key:${String(apiKey?.split('_')[1])}`)],
      );
      expect(entries).toEqual([{ actor: `key:${String(reader.apiKey?.split('_')[1])}`, count: 1 }]);
    });
  });

  it.each(['Anna', 'ANNA', '  anna\t', 'An\u200bna', 'Anna\u2800'])(
    'has a name of its own, which %j is not',
    async (name) => {
      const session = await aSession();
      await takeSeat(client, session, 'Anna');
      const taken = await takeSeat(other.client, session, name, 'viewer');
      expect(outcome(taken)).toBe('409 name-taken');
      expect(taken.body).toMatchObject({ errors: [{ pointer: '#/name' }], retryable: false });
      expect(outcome(await takeSeat(client, session, taken.body.suggestion ?? ''))).toBe('201');
      expect(outcome(await takeSeat(client, await aSession(), name))).toBe('201');
    },
  );

  it('is suggested under another name also when the first forty are taken, or the name is as long as it may be', async () => {
    const session = await aSession();
    const long = '😀'.repeat(64);
    await takeSeat(client, session, long, 'viewer');
    const { suggestion = '' } = (await takeSeat(client, session, long, 'viewer')).body;
    expect(Array.from(suggestion).length).toBeLessThanOrEqual(64);
    expect(outcome(await takeSeat(client, session, suggestion, 'viewer'))).toBe('201');
    await takeSeat(client, session, 'Carla', 'viewer');
    for (let n = 2; n <= 41; n++) await takeSeat(client, session, `Carla ${n}`, 'viewer');
    const reply = await takeSeat(client, session, 'Carla', 'viewer');
    expect(reply.body.suggestion).toMatch(/^Carla \d{3,6}$/);
    expect(outcome(await takeSeat(client, session, reply.body.suggestion ?? '', 'viewer'))).toBe('201');
  });

  it('is there for viewers when the session is full of participants', async () => {
    const session = await aSession();
    for (let n = 0; n < MAX; n++) expect(outcome(await takeSeat(client, session, `p ${n}`))).toBe('201');
    expect(outcome(await takeSeat(client, session, 'late'))).toBe('409 session-full');
    for (let n = 0; n < 3; n++) expect(outcome(await takeSeat(client, session, `v ${n}`, 'viewer'))).toBe('201');
  });

  it('is of a ready session', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const { body: pending } = await client.openRoom('pending');
    expect(outcome(await takeSeat(client, pending.id, 'Anna'))).toBe('409 session-not-ready');
    await testApp.cas.clearFaults();
    await testApp.cas.fault({ kind: 'status', status: 403 });
    const { body: failed } = await client.openRoom('failed', { wait: 10 });
    expect(outcome(await takeSeat(client, failed.id, 'Anna'))).toBe('409 session-not-ready');
    await testApp.cas.clearFaults();
    const closed = await aSession();
    await client.close(closed);
    expect(outcome(await takeSeat(client, closed, 'Anna'))).toBe('410 session-closed');
    const expired = await aSession();
    await testApp.database.rows('UPDATE sessions SET expires_at = now() WHERE id = $1', [expired]);
    expect(outcome(await takeSeat(client, expired, 'Anna'))).toBe('410 session-expired');
    for (const unknown of [newSessionId(), 'ses_1', '%00'])
      expect(outcome(await takeSeat(client, unknown, 'Anna'))).toBe('404 not-found');
    expect(
      await testApp.database.rows(`SELECT 1 FROM seats WHERE session_id = ANY($1)`, [
        [pending.id, failed.id, closed, expired],
      ]),
    ).toEqual([]);
  });

  it('is not for those whom admission denies, with and without the right to read tokens', async () => {
    const session = await aSession();
    service.reset();
    service.answer = () => ({ allow: false, reason: 'banned' });
    for (const scopes of [['seats:take'], ['seats:take', 'tokens:read']] as const) {
      expect(outcome(await takeSeat(await testApp.clientWith(...scopes), session, 'Anna'))).toBe(
        '403 admission-denied',
      );
    }
    expect(service.asked.map(({ action, session: of }) => [action, of])).toEqual(Array(2).fill(['join', session]));
    expect(await seatsOf(session)).toEqual([]);
  });
});

describe('a lease', () => {
  it('is renewed and ended by the caller that took the seat, and ended by an administrator', async () => {
    const session = await aSession();
    const [anna, ben] = [await testApp.clientWith('seats:take'), await testApp.clientWith('seats:take')];
    const { body: seat } = await takeSeat(anna, session, 'Anna');
    await testApp.database.rows(`UPDATE seats SET lease_until = now() + interval '5 s' WHERE id = $1`, [seat.id]);
    for (const foreign of [await renewSeat(ben, seat), await freeSeat(ben, seat)])
      expect(outcome(foreign)).toBe('403 insufficient-scope');
    const renewed = await anna.send<Seat>('PUT', `/v1/sessions/${session}/seats/${seat.id}`);
    expect(renewed.body).toMatchObject({ id: seat.id, name: 'Anna', leaseS: 60 });
    expect(Date.parse(renewed.body.leaseUntil) - Date.now()).toBeGreaterThan(50_000);
    expect(renewed.body.tokens).toBeUndefined();
    expect(outcome(await renewSeat(client, seat))).toBe('403 insufficient-scope');
    for (let n = 0; n < 2; n++)
      expect((await anna.send('DELETE', `/v1/sessions/${session}/seats/${seat.id}`)).status).toBe(204);
    expect(outcome(await renewSeat(anna, seat))).toBe('404 not-found');
    const { body: again } = await takeSeat(anna, session, 'Anna');
    expect(outcome(await freeSeat(client, again))).toBe('204');
    expect(await seatsOf(session)).toEqual([]);
  });

  it('is of one holder of tickets, whatever the place of the ticket; another subject of the same key is another caller', async () => {
    const { body: opened } = await client.openRoom('by ticket', { wait: 10 });
    const session = opened.id;
    const holder = async (subject: string, place: { session: string } | { room: string }) =>
      testApp.newClient(testApp.url, ticketOf(await issueFor(client, place, { subject })));
    const anna = await holder('anna', { session });
    const again = await holder('anna', { room: 'by ticket' });
    const ben = await holder('ben', { room: 'by ticket' });
    const { status, body: seat } = await takeSeat(anna, session, 'Anna');
    expect([status, seat.tokens]).toEqual([201, opened.tokens]);
    for (const foreign of [await renewSeat(ben, seat), await freeSeat(ben, seat)])
      expect(outcome(foreign)).toBe('403 insufficient-scope');
    expect(outcome(await renewSeat(again, seat))).toBe('200');
    expect(outcome(await takeSeat(anna, await aSession(), 'Anna'))).toBe('403 insufficient-scope');
    expect(outcome(await freeSeat(again, seat))).toBe('204');
  });

  it('that has lapsed is over: the name and the place are free at once, and the seat is not renewed', async () => {
    const session = await aSession();
    const seats: Seat[] = [];
    for (let n = 0; n < MAX; n++) seats.push((await takeSeat(client, session, `p ${n}`)).body);
    const [first] = seats as [Seat];
    await lapse(first);
    expect(outcome(await takeSeat(other.client, session, 'P 0'))).toBe('201');
    expect(outcome(await renewSeat(client, first))).toBe('404 not-found');
    expect(await seatsOf(session)).toHaveLength(MAX);
    await lapse(seats[1]!);
    expect(outcome(await renewSeat(client, seats[1]!))).toBe('404 not-found');
  });

  it('that lapses while its owner renews lets no seat past the limit', async () => {
    const session = await aSession();
    let [last] = [await takeSeat(client, session, 'p 0')].map(({ body }) => body) as [Seat];
    for (let n = 1; n < MAX; n++) await takeSeat(client, session, `p ${n}`);
    const won = { owner: 0, racer: 0 };
    // About the time that the requests take to arrive, on this machine and now: each round corrects it.
    let leftMs = 5;
    for (let round = 0; round < 30; round++) {
      await testApp.database.rows(
        `UPDATE seats SET lease_until = clock_timestamp() + $2 * interval '1 ms' WHERE id = $1`,
        [last.id, leftMs],
      );
      const [renewed, ...taken] = await Promise.all([
        renewSeat(client, last),
        takeSeat(other.client, session, `racer ${round}`),
        takeSeat(client, session, `racer ${round}`),
      ]);
      const racers = taken.filter(({ status }) => status === 201);
      const rows = await seatsOf(session);
      expect(rows.length).toBeLessThanOrEqual(MAX);
      if (renewed.status === 200) {
        won.owner++;
        leftMs = Math.floor(leftMs / 2);
        expect([racers.length, rows.some(({ id }) => id === last.id)]).toEqual([0, true]);
      } else {
        expect(outcome(renewed)).toBe('404 not-found');
        expect(racers.length).toBeLessThanOrEqual(1);
        const next = racers[0]?.body ?? (await takeSeat(client, session, `late ${round}`)).body;
        last = next;
        won.racer++;
        leftMs = 2 * leftMs + 1;
      }
    }
    expect([won.owner > 0, won.racer > 0]).toEqual([true, true]);
  });

  it('of a session that ends is over with it', async () => {
    const [closed, rotated, expired] = [await aSession(), await aSession(), await aSession()];
    const seats = await Promise.all(
      [closed, rotated, expired].map(async (id) => (await takeSeat(client, id, 'Anna')).body),
    );
    await client.close(closed);
    const { body: next } = await client.rotate(rotated, { wait: 10 });
    await testApp.database.rows('UPDATE sessions SET expires_at = now() WHERE id = $1', [expired]);
    await eventually(async () => {
      for (const id of [closed, rotated, expired, next.id]) expect(await seatsOf(id)).toEqual([]);
    });
    expect((await Promise.all(seats.map((seat) => renewSeat(client, seat)))).map(outcome)).toEqual([
      '410 session-closed',
      '410 session-closed',
      '410 session-expired',
    ]);
    expect((await Promise.all(seats.map((seat) => freeSeat(client, seat)))).map(outcome)).toEqual([
      '204',
      '204',
      '204',
    ]);
    expect(outcome(await takeSeat(client, next.id, 'Anna'))).toBe('201');
  });
});

describe('a person', () => {
  const ticket = async (subject: string, session: string) =>
    testApp.newClient(testApp.url, ticketOf(await issueFor(client, { session }, { subject })));

  it('holds four seats of a session at most, by however many tickets, and takes another when one is free or has lapsed', async () => {
    const session = await aSession();
    const devices = await Promise.all(Array.from({ length: 10 }, () => ticket('anna', session)));
    const replies = await Promise.all(devices.map((one, n) => takeSeat(one, session, `Anna ${n}`, 'viewer')));
    expect(replies.map(outcome).sort()).toEqual([
      ...Array<string>(4).fill('201'),
      ...Array<string>(6).fill('429 rate-limited'),
    ]);
    const [refused] = replies.filter(({ status }) => status === 429);
    expect(refused?.headers['retry-after']).toBe('60');
    expect(refused?.body).toMatchObject({ detail: 'You hold 4 seats of this session: leave one first' });
    const [first, second] = replies.filter(({ status }) => status === 201).map(({ body }) => body) as [Seat, Seat];
    await freeSeat(devices[0]!, first);
    expect(outcome(await takeSeat(devices[0]!, session, 'Anna', 'participant'))).toBe('201');
    await lapse(second);
    expect(outcome(await takeSeat(devices[1]!, session, 'Again', 'participant'))).toBe('201');
    expect(outcome(await takeSeat(devices[1]!, session, 'Once more'))).toBe('429 rate-limited');
    expect(outcome(await takeSeat(await ticket('ben', session), session, 'Ben'))).toBe('201');
    await eventually(async () => {
      const { body } = await client.send<{ items: { action: string }[] }>('GET', `/v1/audit?session=${session}`);
      expect(body.items.map(({ action }) => action)).toContain('denied:rate-limited');
    });
  });

  it('has four in each session; an API key acts for many persons and has no such limit', async () => {
    const [one, two] = [await aSession(), await aSession()];
    for (const session of [one, two]) {
      const anna = await ticket('anna', session);
      for (let n = 0; n < 4; n++) expect(outcome(await takeSeat(anna, session, `Anna ${n}`, 'viewer'))).toBe('201');
    }
    for (let n = 0; n < 6; n++) expect(outcome(await takeSeat(client, one, `Ben ${n}`, 'viewer'))).toBe('201');
  });
});

describe('racers', () => {
  it('for one name over two gateways: one takes it, the others get names that they can take', async () => {
    for (let round = 0; round < 5; round++) {
      const session = await aSession();
      const clients = Array.from({ length: 6 }, (_, n) => [client, other.client][n % 2]!);
      let racing = clients.map((one) => ({ one, name: 'Anna' }));
      for (let turn = 0; racing.length > 0 && turn < 6; turn++) {
        const replies = await Promise.all(racing.map(({ one, name }) => takeSeat(one, session, name, 'viewer')));
        const outcomes = replies.map(outcome);
        if (turn === 0) expect(outcomes.sort()).toEqual(['201', ...Array<string>(5).fill('409 name-taken')]);
        racing = replies.flatMap(({ status, body }, n) => {
          if (status === 201) return [];
          expect(body.suggestion).toMatch(/^Anna \d+$/);
          return [{ one: racing[n]!.one, name: String(body.suggestion) }];
        });
      }
      expect(racing).toEqual([]);
      expect(new Set((await seatsOf(session)).map(({ name }) => name)).size).toBe(6);
    }
  });

  it('for the last places: 200 of them over two gateways fill the session, and not more', async () => {
    const session = await aSession();
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, n) => takeSeat([client, other.client][n % 2]!, session, `racer ${n}`)),
    );
    const counted = Map.groupBy(replies.map(outcome), (text) => text);
    expect(Object.fromEntries([...counted].map(([text, all]) => [text, all.length]))).toEqual({
      '201': MAX,
      '409 session-full': 200 - MAX,
    });
    expect(await seatsOf(session)).toHaveLength(MAX);
  });
});

describe('followers of the session', () => {
  const none = { participants: 0, viewers: 0 };

  it('are told how many seats are held, after each change, and no names', async () => {
    const session = await aSession();
    const plain = await testApp.clientWith('sessions:read');
    const readers = [await EventReader.open(plain, session), await EventReader.open(other.client, session)];
    const expectSeats = (...counts: object[]) =>
      eventually(() => {
        for (const reader of readers) expect(reader.seats).toEqual(counts);
      }, 8000);
    const one = { participants: 1, viewers: 0 };
    const two = { participants: 1, viewers: 1 };
    const { body: anna } = await takeSeat(client, session, 'Anna');
    await expectSeats(one);
    const { body: ben } = await takeSeat(other.client, session, 'Ben', 'viewer');
    await expectSeats(one, two);
    await renewSeat(client, anna);
    await freeSeat(client, anna);
    await expectSeats(one, two, { participants: 0, viewers: 1 });
    await lapse(ben);
    await expectSeats(one, two, { participants: 0, viewers: 1 }, none);
    // By a worker: no change of seats has made way.
    await eventually(async () => {
      expect(await seatsOf(session)).toEqual([]);
    });
    for (const { text } of readers) expect(text).not.toMatch(/Anna|Ben|seat_/);
    for (const reader of readers) expect(reader.states).toEqual(['ready']);
  });

  it('are told on connect, unless no seat is held', async () => {
    const session = await aSession();
    await takeSeat(client, session, 'Anna', 'viewer');
    const reader = await EventReader.open(other.client, session);
    await eventually(() => {
      expect(reader.seats).toEqual([{ participants: 0, viewers: 1 }]);
    });
  });
});

describe('the list of seats', () => {
  interface Page {
    items: Seat[];
    nextCursor: string | null;
  }

  it('has those that are held, by name, page by page, for callers with seats:read', async () => {
    const session = await aSession();
    for (const name of ['dora', 'Carl', 'Ben', 'anna']) await takeSeat(client, session, name, 'viewer');
    const { body: gone } = await takeSeat(client, session, 'Bob');
    await lapse(gone);
    const reader = await testApp.clientWith('seats:read');
    const first = await reader.send<Page>('GET', `/v1/sessions/${session}/seats?limit=3`);
    expect([first.status, first.body.items.map(({ name }) => name)]).toEqual([200, ['anna', 'Ben', 'Carl']]);
    const rest = await reader.send<Page>(
      'GET',
      `/v1/sessions/${session}/seats?limit=3&cursor=${first.body.nextCursor}`,
    );
    expect([rest.body.items.map(({ name }) => name), rest.body.nextCursor]).toEqual([['dora'], null]);
    expect(Object.keys(first.body.items[0] ?? {}).sort()).toEqual([
      'id',
      'leaseUntil',
      'name',
      'role',
      'session',
      'takenAt',
    ]);
    expect((await reader.send('GET', `/v1/sessions/${newSessionId()}/seats`)).status).toBe(404);
    expect((await reader.send('GET', `/v1/sessions/${session}/seats?cursor=x`)).status).toBe(422);
    await client.close(session);
    expect((await reader.send('GET', `/v1/sessions/${session}/seats`)).status).toBe(410);
  });
});

describe('bad input', () => {
  const seat = { name: 'Anna', role: 'viewer' };

  it.each<[unknown, string]>([
    [{ ...seat, name: '' }, '#/name'],
    [{ ...seat, name: ' \t ' }, '#/name'],
    [{ ...seat, name: '\u200b' }, '#/name'],
    [{ ...seat, name: 'a\nb' }, '#/name'],
    [{ ...seat, name: 'a\0b' }, '#/name'],
    [{ ...seat, name: 'a\u202eb' }, '#/name'],
    [{ ...seat, name: 'a\ud800' }, '#/name'],
    [{ ...seat, name: 'x'.repeat(65) }, '#/name'],
    [{ ...seat, name: 'x'.repeat(5000) }, '#/name'],
    [{ ...seat, name: 7 }, '#/name'],
    [{ ...seat, name: null }, '#/name'],
    [{ role: 'viewer' }, '#/name'],
    [{ name: 'Anna' }, '#/role'],
    [{ ...seat, role: 'host' }, '#/role'],
    [{ ...seat, role: ['viewer'] }, '#/role'],
    [{ ...seat, takenBy: 'key:x' }, '#/takenBy'],
    [[], '#'],
    ['Anna', '#'],
    [undefined, '#'],
  ])('%j is 422 and names the place', async (body, pointer) => {
    const session = await aSession();
    const reply = await client.send('POST', `/v1/sessions/${session}/seats`, {
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect([reply.status, reply.body]).toMatchObject([422, { code: 'validation-failed', errors: [{ pointer }] }]);
    expect(await seatsOf(session)).toEqual([]);
  });

  it.each(['x', 'seat_1', `seat_${'0'.repeat(22)}`, '%00', 'x'.repeat(500)])('the seat %s is not there', async (id) => {
    const session = await aSession();
    expect(outcome(await renewSeat(client, { session, id }))).toBe('404 not-found');
    expect((await freeSeat(client, { session, id })).status).toBe(id.startsWith('seat_0') ? 204 : 404);
    const { body: elsewhere } = await takeSeat(client, await aSession(), 'Anna');
    expect(outcome(await renewSeat(client, { session, id: elsewhere.id }))).toBe('404 not-found');
    await freeSeat(client, { session, id: elsewhere.id });
    expect(await seatsOf(elsewhere.session)).toHaveLength(1);
  });
});
