import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TokenBucket } from '../../apps/gateway/src/room-api/token-bucket.js';
import { RoomApiLimits } from '../../apps/gateway/src/room-api/room-api-limits.js';
import type { Client, Reply } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { describeOn, TestApp, QUEUES, type RunningGateway } from '../support/test-app.js';
import { sendRaw } from '../support/raw-http.js';

interface Room {
  name: string;
  wt_token: string;
  sync_token: string;
  exp: number;
  error?: string;
  [field: string]: unknown;
}

const JWT = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;
const ORIGIN = 'https://watch.example.com';
/** Each address has an allowance of its own, so a test that needs a fresh one comes from a new one. */
let addresses = 0;
const newAddress = () => ({ 'x-forwarded-for': `192.0.2.${++addresses}` });

/** The limits as they are, but time stands still: how fast this machine is must not count. */
function stopTheClock({ app }: RunningGateway): void {
  const limits = app.get(RoomApiLimits);
  limits.joins = new TokenBucket(100, 600, () => 0);
  limits.newRooms = new TokenBucket(10, 200, () => 0);
}

for (const queue of QUEUES) {
  describeOn(queue)(`the drop-in rooms, with the queue in ${queue}`, () => {
    let testApp: TestApp;
    let visitor: Client;
    let rooms = 0;
    const newRoom = () => `open room ${++rooms}`;

    beforeAll(async () => {
      const env = { ROOM_API: 'on', ROOM_API_WAIT_S: '2', ROOM_API_ORIGINS: ORIGIN, TRUST_PROXY: '1' };
      testApp = await TestApp.open({ queue, env });
      visitor = testApp.newClient(testApp.url, null);
    });
    afterAll(() => testApp.end());
    afterEach(() => testApp.cas.clearFaults());

    const create = (body?: unknown, headers: Record<string, string> = {}, client = visitor) =>
      client.send<Room>('POST', '/room/create', { body, headers });
    const read = (name: string, headers: Record<string, string> = {}) =>
      visitor.send<Room>('GET', `/room/${encodeURIComponent(name)}`, { headers });
    const expectError = (reply: Reply<Room>, status: number, error: unknown = expect.stringMatching(/./)) => {
      expect([reply.status, reply.body]).toEqual([status, { error }]);
      expect(reply.headers['content-type']).toMatch(/^application\/json/);
      expect(reply.headers['request-id']).toMatch(/^req_/);
      expect(reply.headers['cache-control']).toBe('no-store');
    };

    describe('creating', () => {
      it('gives both tokens, and when they expire in milliseconds, without a credential', async () => {
        const name = newRoom();
        const reply = await create({ name });
        expect(reply.status).toBe(200);
        expect(reply.body).toEqual({
          name,
          wt_token: expect.stringMatching(JWT),
          sync_token: expect.stringMatching(JWT),
          exp: expect.any(Number),
        });
        expect(reply.body.wt_token).not.toBe(reply.body.sync_token);
        expect(reply.body.exp).toBeGreaterThan(Date.now() + 7_100_000);
        expect(reply.body.exp).toBeLessThan(Date.now() + 7_300_000);
        expect(reply.headers['cache-control']).toBe('no-store');
      });

      it('gives everybody the same', async () => {
        const name = newRoom();
        const replies = await Promise.all(Array.from({ length: 30 }, () => create({ name })));
        expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
        expect((await read(name)).text).toBe(replies[0]?.text);
      });

      it('keeps the free fields of the first creator for everybody', async () => {
        const name = newRoom();
        const first = await create({ playerId: 'p1', videoId: { id: 7 }, constructor: 'c', toString: null, name });
        expect(first.body).toMatchObject({
          name,
          playerId: 'p1',
          videoId: { id: 7 },
          constructor: 'c',
          toString: null,
        });
        const second = await create({ name, playerId: 'p2', late: true });
        expect(second.body).toEqual(first.body);
        expect((await read(name)).body).toEqual(first.body);
      });

      it('generates a name that cannot be guessed', async () => {
        const [one, other, bare] = [await create({}), await create({ videoId: 'v' }), await create()];
        for (const { body } of [one, other, bare]) expect(body.name).toMatch(/^[0-9A-Za-z]{22}$/);
        expect(new Set([one, other, bare].map(({ body }) => body.name)).size).toBe(3);
        expect((await read(other.body.name)).body).toEqual(other.body);
      });

      it('accepts no value for fields that the server sets', async () => {
        const name = newRoom();
        const forged = `{"name":"${name}","wt_token":"x","sync_token":"x","exp":1,"error":"x","__proto__":{"wt_token":"x"}}`;
        const { body, text } = await create(forged);
        expect(body).toEqual({
          name,
          wt_token: expect.stringMatching(JWT),
          sync_token: expect.stringMatching(JWT),
          exp: expect.any(Number),
        });
        expect(text).not.toContain('__proto__');
        expect(({} as Record<string, unknown>).wt_token).toBeUndefined();
        expect(await testApp.database.rows('SELECT metadata FROM sessions WHERE room = $1', [`open:${name}`])).toEqual([
          { metadata: {} },
        ]);
      });

      it('takes a name as odd as may be', async () => {
        for (const name of ['__proto__', 'constructor', 'create', 'open:x', '\u{1D4B3}'.repeat(128)]) {
          const reply = await create({ name });
          expect([reply.status, reply.body.name]).toEqual([200, name]);
          expect((await read(name)).body.wt_token).toBe(reply.body.wt_token);
        }
      });

      it('knows a room by its name after NFC', async () => {
        const composed = await create({ name: 'caf\u00e9' });
        expect((await create({ name: 'cafe\u0301' })).body).toEqual(composed.body);
      });
    });

    describe('bad input is 400 and makes nothing', () => {
      it.each<[string, unknown]>([
        ['JSON cut short', '{"name":"x"'],
        ['null', 'null'],
        ['a string', '"x"'],
        ['a list', '[]'],
        ['a number for a name', { name: 1 }],
        ['null for a name', { name: null }],
        ['an object for a name', { name: {} }],
        ['an empty name', { name: '' }],
        ['a name of spaces', { name: '  ' }],
        ['a path for a name', { name: '../x' }],
        ['U+0000 in a name', { name: 'x\0' }],
        ['a name that is too long', { name: 'x'.repeat(129) }],
        ['a long name that looks like a stored one', { name: `open:${'x'.repeat(128)}` }],
        ['too much in free fields', { name: 'x', a: 'y'.repeat(4096) }],
        ['free fields that nest too deep', `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
        ['U+0000 in a free field', { a: '\0' }],
      ])('%s', async (_what, body) => {
        const before = await testApp.sessions();
        expectError(await create(body), 400);
        expect(await testApp.sessions()).toBe(before);
      });

      it('in the address too', async () => {
        expectError(await read('../x'), 400);
        expectError(await read('\0'), 400);
        expectError(await visitor.send<Room>('GET', '/room/%zz'), 400);
      });
    });

    it('says everything that the server itself refuses in the same shape', async () => {
      expectError(await create('x'.repeat(70_000)), 413);
      expectError(await create('x=y', { 'content-type': 'application/x-www-form-urlencoded' }), 415);
      expectError(await visitor.send<Room>('GET', '/room/a/b'), 404);
      expectError(await visitor.send<Room>('GET', `/room/${'x'.repeat(3000)}`), 414);
      const other = await visitor.send<Room>('DELETE', '/room/create');
      expectError(other, 405);
      expect(other.headers.allow).toBe('POST, GET, HEAD');
    });

    it('says 404 of a room that is not there', async () => {
      expectError(await read('nobody'), 404, 'Room not found');
    });

    it('is there no longer when the session was closed or has expired, and can be made again', async () => {
      for (const end of ["status = 'closed', ended_at = now()", 'expires_at = now()']) {
        const name = newRoom();
        const first = await create({ name });
        await testApp.database.rows(`UPDATE sessions SET ${end} WHERE room = $1`, [`open:${name}`]);
        expectError(await read(name), 404, 'Room not found');
        const second = await create({ name });
        expect(second.status).toBe(200);
        expect(second.body.wt_token).not.toBe(first.body.wt_token);
      }
    });

    describe('the doors', () => {
      it('lead from here to no room of /v1', async () => {
        const name = newRoom();
        const inside = await testApp.client.openRoom(name, { wait: 10, body: { products: ['stream', 'sync'] } });
        expectError(await read(name), 404);
        const outside = await create({ name });
        expect(outside.body.wt_token).not.toBe(inside.body.tokens?.stream);
      });

      it('lead from /v1 to no room of here', async () => {
        const name = newRoom();
        await create({ name });
        for (const room of [`open:${name}`, 'open:', 'open:x']) {
          for (const reply of [await testApp.client.openRoom(room), await testApp.client.readRoom(room)]) {
            expect(reply.status).toBe(422);
            expect(reply.body).toMatchObject({ code: 'validation-failed', errors: [{ parameter: 'room' }] });
          }
        }
        expect((await testApp.client.readRoom(name)).status).toBe(404);
        expect((await testApp.client.openRoom('Open:x', { wait: 10 })).status).toBe(201);
      });

      it('do not hide its sessions from keys that know their TokenID, nor from administrators', async () => {
        const name = newRoom();
        const { body } = await create({ name, videoId: 'v' });
        const path = `/v1/sessions?room=${encodeURIComponent(`open:${name}`)}`;
        const { body: page } = await testApp.client.send<{ items: { id: string }[] }>('GET', path);
        const [{ id } = { id: '' }] = page.items;
        const session = await testApp.client.read(id);
        expect(session.body).toMatchObject({
          room: `open:${name}`,
          metadata: { videoId: 'v' },
          tokens: { stream: body.wt_token, sync: body.sync_token },
        });
        await testApp.client.close(id);
        await create({ name });
        const ended = await testApp.client.read(id);
        expect([ended.status, ended.headers.link]).toEqual([410, undefined]);
      });
    });

    describe('what may be better the next time is 500, for these clients retry nothing else', () => {
      it('when CAS does not answer in time; afterwards it is the same room', async () => {
        await testApp.cas.fault({ kind: 'hang' });
        const name = newRoom();
        const start = performance.now();
        const [created, found] = await Promise.all([create({ name, by: 'first' }), create({ name, by: 'second' })]);
        expect(performance.now() - start).toBeGreaterThan(1900);
        expectError(created, 500);
        expectError(found, 500);
        expectError(await read(name), 500);
        await testApp.cas.clearFaults();
        const again = await create({ name, by: 'third' });
        expect(again.status).toBe(200);
        expect(again.body.by).not.toBe('third');
      });

      it('when the session failed', async () => {
        await testApp.cas.fault({ kind: 'status', status: 403 });
        const name = newRoom();
        expectError(await create({ name }), 500);
        expectError(await read(name), 500);
      });

      it('when the database does not answer', async () => {
        const away = await testApp.startGateway({ DATABASE_TIMEOUT_MS: '200', DATABASE_POOL: '2' });
        const client = testApp.newClient(away.url, null);
        expect((await create({ name: newRoom() }, {}, client)).status).toBe(200);
        const locking = testApp.database.rows('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1.5)');
        await eventually(async () => {
          const reply = await create({ name: newRoom() }, {}, client);
          expectError(reply, 500, 'The service is temporarily unavailable');
        });
        await locking;
      });
    });

    describe('limits', () => {
      /** Of a gateway with patience: what is counted here must not depend on how fast this machine is. */
      let patient: Client;
      const join = (body: object, headers: Record<string, string> = {}) => create(body, headers, patient);
      beforeAll(async () => {
        const gateway = await testApp.startGateway({ ROOM_API_WAIT_S: '25', DATABASE_TIMEOUT_MS: '20000' });
        patient = testApp.newClient(gateway.url, null);
        stopTheClock(gateway);
      });

      it('count joins by address', async () => {
        const name = newRoom();
        await join({ name });
        const from = newAddress();
        const replies = await Promise.all(Array.from({ length: 620 }, () => join({ name }, from)));
        const refused = replies.filter(({ status }) => status === 429);
        expect(replies.filter(({ status }) => status === 200)).toHaveLength(600);
        expect(refused).toHaveLength(20);
        for (const reply of refused) {
          expectError(reply, 429);
          expect(reply.headers['retry-after']).toBe('1');
        }
        expect((await join({ name }, newAddress())).status).toBe(200);
      });

      it('count new rooms by address, and make nothing beyond', async () => {
        const there = newRoom();
        await join({ name: there });
        const from = newAddress();
        const before = await testApp.sessions();
        const statuses = await Promise.all(
          Array.from({ length: 220 }, async () => (await join({ name: newRoom() }, from)).status),
        );
        const refused = statuses.filter((status) => status === 429).length;
        expect(refused).toBe(20);
        expect(await testApp.sessions()).toBe(before + 200);
        // Joining an existing room creates none.
        expect((await join({ name: there }, from)).status).toBe(200);
      }, 60_000);

      it('count a room that many open together once', async () => {
        const from = newAddress();
        for (let i = 0; i < 2; i++) {
          const name = newRoom();
          const replies = await Promise.all(Array.from({ length: 150 }, () => join({ name }, from)));
          expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
        }
        expect((await join({ name: newRoom() }, from)).status).toBe(200);
      });
    });

    describe('CORS', () => {
      const preflight = (origin: string, path = '/room/create', method = 'POST') =>
        visitor.send('OPTIONS', path, { headers: { origin, 'access-control-request-method': method } });
      const corsOf = ({ headers }: Reply<unknown>) =>
        Object.fromEntries(Object.entries(headers).filter(([name]) => /^access-control-|^vary$/.test(name)));

      it('lets the pages of known origins in', async () => {
        for (const [path, allowed] of [
          ['/room/create', 'POST, GET, HEAD'],
          ['/room/derby', 'GET, HEAD'],
        ] as const) {
          const reply = await preflight(ORIGIN, path);
          expect([reply.status, reply.text]).toEqual([204, '']);
          expect(corsOf(reply)).toEqual({
            vary: 'Origin',
            'access-control-allow-origin': ORIGIN,
            'access-control-allow-methods': allowed,
            'access-control-allow-headers': 'Content-Type',
            'access-control-expose-headers': 'Request-Id, Retry-After',
            'access-control-max-age': '600',
          });
        }
        for (const reply of [
          await create({ name: newRoom() }, { origin: ORIGIN }),
          await read('no', { origin: ORIGIN }),
        ]) {
          expect(corsOf(reply)['access-control-allow-origin']).toBe(ORIGIN);
        }
      });

      it('lets no others in', async () => {
        for (const origin of ['https://evil.example', 'null', `${ORIGIN}.evil.example`, 'http://watch.example.com']) {
          const reply = await preflight(origin);
          expect([reply.status, corsOf(reply)]).toEqual([405, { vary: 'Origin' }]);
          expect(corsOf(await create({ name: newRoom() }, { origin }))).toEqual({ vary: 'Origin' });
        }
      });

      it('is for this door alone', async () => {
        const reply = await preflight(ORIGIN, '/v1/sessions');
        expect([reply.status, corsOf(reply)]).toEqual([405, {}]);
      });
    });

    it('logs the session and the route, and no name or token', async () => {
      const name = `hidden ${queue}`;
      const { headers } = await create({ name, note: 'hush' });
      const line = await eventually(() => {
        const found = testApp.log.find((one) => one.requestId === headers['request-id']);
        expect(found).toBeDefined();
        return found;
      });
      expect(line).toMatchObject({ route: '/room/create', status: 200, sessionId: expect.stringMatching(/^ses_/) });
      const [row] = await testApp.database.rows('SELECT created_by FROM sessions WHERE id = $1', [line?.sessionId]);
      expect(row).toEqual({ created_by: 'room-api' });
      const everything = JSON.stringify(testApp.log);
      for (const secret of [name, 'hush', 'eyJ0eXAi']) expect(everything).not.toContain(secret);
    });
  });
}

describe('the drop-in rooms that are off', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
  });
  afterAll(() => testApp.end());

  it('are as unknown as any other path', async () => {
    const replies = [
      await testApp.client.send<unknown>('POST', '/room/create', { body: { name: 'derby' } }),
      await testApp.client.send<unknown>('POST', '/room/create', { body: '{' }),
      await testApp.client.send<unknown>('GET', '/room/derby'),
      await testApp.client.send<unknown>('PATCH', '/room/create'),
      await testApp.client.send<unknown>('OPTIONS', '/room/create', {
        headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
      }),
    ];
    for (const { status, body, headers } of replies) {
      expect(status).toBe(404);
      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(body).toMatchObject({ code: 'not-found' });
    }
    expect(await testApp.sessions()).toBe(0);
  });

  it.each(['/%72oom/create', '/roo%6d/%63reate', 'http://x/room/create'])(
    'are unknown however they are spelled: %s',
    async (target) => {
      const body = '{"name":"derby"}';
      const head = `POST ${target} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
      const reply = await sendRaw(testApp.url, `${head}\r\n\r\n${body}`);
      expect([reply.status, reply.headers['cache-control']]).toEqual([404, 'no-store']);
      expect(JSON.parse(reply.text)).toMatchObject({ code: 'not-found' });
      expect(await testApp.sessions()).toBe(0);
    },
  );

  it('are still kept apart', async () => {
    expect((await testApp.client.openRoom('open:x')).status).toBe(422);
  });

  it('believe no header about an address where no proxy is trusted', async () => {
    const gateway = await testApp.startGateway({ ROOM_API: 'on' });
    stopTheClock(gateway);
    const visitor = testApp.newClient(gateway.url, null);
    const statuses = await Promise.all(
      Array.from({ length: 620 }, async (_, i) => {
        const headers = { 'x-forwarded-for': `198.51.100.${i % 250}` };
        return (await visitor.send('GET', '/room/nobody', { headers })).status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([404, 429]));
  });
});
