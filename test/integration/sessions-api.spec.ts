import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client, Reply } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { describeOn, TestApp, QUEUES } from '../support/test-app.js';

/** As long as a reply may be held; sessions are ready much sooner. */
const WAIT_S = 10;

/** The beginning alone would now and then stand in a random id. */
const TOKEN = /eyJ[\w-]+\./;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

for (const queue of QUEUES) {
  describeOn(queue)(`the API of sessions, with the queue in ${queue}`, () => {
    let testApp: TestApp;
    let client: Client;
    let rooms = 0;
    const newRoom = () => `room ${++rooms}`;

    beforeAll(async () => {
      testApp = await TestApp.open({ queue });
      client = testApp.client;
    });
    afterAll(() => testApp.end());
    afterEach(() => testApp.cas.clearFaults());

    /** While CAS does not answer, sessions stay pending. */
    const silenceCas = () => testApp.cas.fault({ kind: 'hang' });

    describe('opening a room', () => {
      it('makes a session, and returns it ready with its token to clients that wait', async () => {
        const room = newRoom();
        const reply = await client.openRoom(room, { wait: WAIT_S, body: { metadata: { match: 'derby' } } });
        expect(reply.status).toBe(201);
        expect(reply.body).toEqual({
          id: expect.stringMatching(/^ses_[0-9A-Za-z]{22}$/),
          room,
          generation: 1,
          status: 'ready',
          version: 2,
          products: ['stream'],
          tokens: { stream: expect.stringMatching(/^eyJ/) },
          metadata: { match: 'derby' },
          createdAt: expect.stringMatching(TIME),
          readyAt: expect.stringMatching(TIME),
          expiresAt: expect.stringMatching(TIME),
          failure: null,
        });
        expect(reply.headers.location).toBe(`/v1/sessions/${reply.body.id}`);
        expect(reply.headers['retry-after']).toBeUndefined();
        expect(reply.headers['content-type']).toMatch(/^application\/json/);
      });

      it('answers at once with 202 and says when to ask again, without a wait', async () => {
        await silenceCas();
        const reply = await client.openRoom(newRoom());
        expect(reply.status).toBe(202);
        expect(reply.headers['retry-after']).toBe('1');
        expect(reply.headers.location).toBe(`/v1/sessions/${reply.body.id}`);
        expect(reply.headers['preference-applied']).toBeUndefined();
        expect(reply.body).toMatchObject({ status: 'pending', version: 1, readyAt: null, expiresAt: null });
        expect(reply.body.tokens).toBeUndefined();
      });

      it('finds the session that is there, 200, with the metadata of its first opener', async () => {
        const room = newRoom();
        const first = await client.openRoom(room, { wait: WAIT_S, body: { metadata: { by: 'first' } } });
        const second = await client.openRoom(room, { body: { metadata: { by: 'second' } } });
        expect(second.status).toBe(200);
        expect(second.body).toEqual(first.body);
        expect(second.headers.location).toBe(`/v1/sessions/${first.body.id}`);
      });

      it('gives two products their two tokens', async () => {
        const reply = await client.openRoom(newRoom(), { wait: WAIT_S, body: { products: ['sync', 'stream'] } });
        expect(reply.status).toBe(201);
        expect(reply.body.products).toEqual(['stream', 'sync']);
        const { stream, sync } = reply.body.tokens ?? {};
        expect(stream).toMatch(/^eyJ/);
        expect(sync).toMatch(/^eyJ/);
        expect(stream).not.toBe(sync);
      });

      it('with other products than the session has is 409, with the same ones in any order it is not', async () => {
        const room = newRoom();
        await client.openRoom(room, { wait: WAIT_S, body: { products: ['stream', 'sync'] } });
        const other = await client.openRoom(room, { body: { products: ['sync'] } });
        expect(other.status).toBe(409);
        expect(other.body).toMatchObject({ code: 'products-differ', retryable: false });
        expect((await client.openRoom(room, { body: { products: ['sync', 'stream'] } })).status).toBe(200);
        expect((await client.openRoom(room)).status).toBe(200);
      });

      it('is one session for everybody who opens it at the same time', async () => {
        const room = newRoom();
        const replies = await Promise.all(Array.from({ length: 20 }, () => client.openRoom(room, { wait: WAIT_S })));
        expect(new Set(replies.map((reply) => reply.body.id)).size).toBe(1);
        expect(new Set(replies.map((reply) => reply.body.tokens?.stream)).size).toBe(1);
        expect(replies.filter((reply) => reply.status === 201)).toHaveLength(1);
        expect(replies.filter((reply) => reply.status === 200)).toHaveLength(19);
      });

      it('knows a room by its name after NFC, case included', async () => {
        const composed = await client.openRoom(`caf\u00e9 ${queue}`, { wait: WAIT_S });
        const decomposed = await client.openRoom(`cafe\u0301 ${queue}`);
        expect(decomposed.body.id).toBe(composed.body.id);
        expect(decomposed.body.room).toBe(`caf\u00e9 ${queue}`);
        expect((await client.openRoom(`CAF\u00c9 ${queue}`)).body.id).not.toBe(composed.body.id);
      });

      it('takes the longest name of four-byte letters', async () => {
        const room = '\u{1D4B3}'.repeat(128);
        const reply = await client.openRoom(room, { wait: WAIT_S });
        expect(reply.body.room).toBe(room);
        expect((await client.readRoom(room)).body.id).toBe(reply.body.id);
      });

      it('of a failed session says so with 200, and the failure', async () => {
        await testApp.cas.fault({ kind: 'status', status: 400 });
        const reply = await client.openRoom(newRoom(), { wait: WAIT_S });
        expect(reply.status).toBe(200);
        expect(reply.body).toMatchObject({
          status: 'failed',
          failure: { code: 'cas-rejected', detail: expect.any(String), retryable: false },
        });
        expect(reply.body.tokens).toBeUndefined();
        expect(reply.headers['retry-after']).toBeUndefined();
      });

      it('after a close makes a session of the next generation', async () => {
        const room = newRoom();
        const first = await client.openRoom(room, { wait: WAIT_S });
        await client.close(first.body.id);
        const second = await client.openRoom(room, { wait: WAIT_S });
        expect(second.status).toBe(201);
        expect(second.body.generation).toBe(2);
        expect(second.body.id).not.toBe(first.body.id);
        expect(second.body.tokens?.stream).not.toBe(first.body.tokens?.stream);
      });
    });

    describe('reading a room', () => {
      it('shows its session as everybody sees it', async () => {
        const room = newRoom();
        const opened = await client.openRoom(room, { wait: WAIT_S });
        const read = await client.readRoom(room);
        expect(read.status).toBe(200);
        expect(read.body).toEqual(opened.body);
        expect(read.headers.location).toBeUndefined();
      });

      it('is 200 with Retry-After while it is pending', async () => {
        await silenceCas();
        const room = newRoom();
        await client.openRoom(room);
        const read = await client.readRoom(room);
        expect([read.status, read.body.status, read.headers['retry-after']]).toEqual([200, 'pending', '1']);
      });

      it('is 404 before the first opening and after a close, and makes nothing', async () => {
        const room = newRoom();
        const before = await testApp.sessions();
        expect((await client.readRoom(room, { wait: 1 })).body).toMatchObject({ status: 404, code: 'not-found' });
        expect(await testApp.sessions()).toBe(before);
        const { body } = await client.openRoom(room, { wait: WAIT_S });
        await client.close(body.id);
        expect((await client.readRoom(room)).status).toBe(404);
      });
    });

    describe('a session without a room', () => {
      it('is made, ready and found by its TokenID', async () => {
        const created = await client.create({ wait: WAIT_S, body: { metadata: { a: 1 } } });
        expect(created.status).toBe(201);
        expect(created.body).toMatchObject({ room: null, generation: 1, status: 'ready', metadata: { a: 1 } });
        expect(created.headers.location).toBe(`/v1/sessions/${created.body.id}`);
        expect((await client.read(created.body.id)).body).toEqual(created.body);
      });

      it('is another one every time', async () => {
        const [one, other] = await Promise.all([client.create({ wait: WAIT_S }), client.create({ wait: WAIT_S })]);
        expect(one.body.id).not.toBe(other.body.id);
        expect(one.body.tokens?.stream).not.toBe(other.body.tokens?.stream);
      });

      it('is 202 while it is pending', async () => {
        await silenceCas();
        const created = await client.create();
        expect([created.status, created.headers['retry-after']]).toEqual([202, '1']);
        const read = await client.read(created.body.id);
        expect([read.status, read.headers['retry-after'], read.body.status]).toEqual([200, '1', 'pending']);
      });

      it.each(['', '   ', '\n'])('needs no body: %j is none', async (body) => {
        expect((await client.create({ body })).status).toBeLessThan(300);
        expect((await client.openRoom(newRoom(), { body })).status).toBeLessThan(300);
      });
    });

    describe('Prefer: wait', () => {
      let id: string;
      beforeAll(async () => {
        id = (await client.create({ wait: WAIT_S })).body.id;
      });

      it.each([
        ['wait=5', 'wait=5'],
        ['wait=3600', 'wait=30'],
        ['wait=0', 'wait=0'],
        ['respond-async, wait=7', 'wait=7'],
        ['wait="6"', 'wait=6'],
        ['wait=soon', undefined],
        ['wait=-1', undefined],
        ['wait=', undefined],
        ['return=minimal', undefined],
      ])('%s is applied as %s', async (prefer, applied) => {
        const reply = await client.read(id, { headers: { prefer } });
        expect(reply.status).toBe(200);
        expect(reply.headers['preference-applied']).toBe(applied);
      });

      it('is found in several headers', async () => {
        const reply = await fetch(`${testApp.url}/v1/sessions/${id}`, {
          headers: [
            ['authorization', `Bearer ${testApp.apiKey}`],
            ['prefer', 'respond-async'],
            ['prefer', 'wait=4'],
          ],
        });
        await reply.text();
        expect(reply.headers.get('preference-applied')).toBe('wait=4');
      });

      it('holds a read until the session is ready', async () => {
        await silenceCas();
        const created = await client.create();
        const reading = client.read(created.body.id, { wait: WAIT_S });
        await eventually(async () => {
          expect(await testApp.cas.held()).toBeGreaterThan(0);
        });
        await testApp.cas.clearFaults();
        const read = await reading;
        expect([read.status, read.body.status]).toEqual([200, 'ready']);
        expect(read.body.tokens?.stream).toMatch(/^eyJ/);
      });
    });

    describe('Idempotency-Key', () => {
      let keys = 0;
      const newKey = () => `key-${++keys}`;

      it('makes a repeated request find the session of the first', async () => {
        const key = newKey();
        const call = { key, wait: WAIT_S, body: { metadata: { a: 1, b: 2 } } };
        const first = await client.create(call);
        expect(first.status).toBe(201);
        expect(first.headers['idempotency-replayed']).toBeUndefined();
        const again = await client.create({ ...call, body: '{ "metadata": { "b": 2, "a": 1 } }' });
        expect(again.status).toBe(200);
        expect(again.headers['idempotency-replayed']).toBe('true');
        expect(again.body).toEqual(first.body);
      });

      it('is the same key bare and quoted', async () => {
        const key = newKey();
        const [bare, quoted] = [await client.create({ key }), await client.create({ key: `"${key}"` })];
        expect(quoted.body.id).toBe(bare.body.id);
      });

      it('is one session for all who come with it at the same time', async () => {
        const before = await testApp.sessions();
        const key = newKey();
        const replies = await Promise.all(Array.from({ length: 12 }, () => client.create({ key, wait: WAIT_S })));
        expect(new Set(replies.map((reply) => reply.body.id)).size).toBe(1);
        expect(replies.map((reply) => reply.status).sort()).toEqual([...Array<number>(11).fill(200), 201]);
        expect(replies.filter((reply) => reply.headers['idempotency-replayed'] === 'true')).toHaveLength(11);
        expect(await testApp.sessions()).toBe(before + 1);
      });

      it('is 202 again while the session is pending', async () => {
        await silenceCas();
        const key = newKey();
        const first = await client.create({ key });
        const again = await client.create({ key });
        expect([first.status, again.status]).toEqual([202, 202]);
        expect(again.body.id).toBe(first.body.id);
        expect(again.headers['retry-after']).toBe('1');
      });

      it('with another body is 422, and the header is named', async () => {
        const key = newKey();
        await client.create({ key, body: { metadata: { a: 1 } } });
        const before = await testApp.sessions();
        const other = await client.create({ key, body: { metadata: { a: 2 } } });
        expect(other.status).toBe(422);
        expect(other.body).toMatchObject({
          code: 'idempotency-key-reused',
          errors: [{ header: 'Idempotency-Key', detail: expect.any(String) }],
        });
        expect(await testApp.sessions()).toBe(before);
      });

      it('counts no body and {} as the same', async () => {
        const key = newKey();
        const first = await client.create({ key });
        expect((await client.create({ key, body: {} })).body.id).toBe(first.body.id);
      });

      it('belongs to its caller', async () => {
        const key = newKey();
        const other = await testApp.clientWith('sessions:create');
        const [mine, theirs] = [
          await client.create({ key }),
          await other.create({ key, body: { metadata: { x: 1 } } }),
        ];
        expect(theirs.status).toBeLessThan(300);
        expect(theirs.body.id).not.toBe(mine.body.id);
        expect(theirs.headers['idempotency-replayed']).toBeUndefined();
      });

      it('is forgotten after a day', async () => {
        const key = newKey();
        const first = await client.create({ key });
        await testApp.database.rows(
          `UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 second' WHERE session_id = $1`,
          [first.body.id],
        );
        const next = await client.create({ key, body: { metadata: { another: 'body' } } });
        expect(next.status).toBeLessThan(300);
        expect(next.body.id).not.toBe(first.body.id);
      });

      it('does not pin an error', async () => {
        const key = newKey();
        expect((await client.create({ key, body: { products: ['x'] } })).status).toBe(422);
        expect((await client.create({ key, body: { products: ['sync'] }, wait: WAIT_S })).status).toBe(201);
      });

      it('shows a session that was closed meanwhile as it is now', async () => {
        const key = newKey();
        const first = await client.create({ key, wait: WAIT_S });
        await client.close(first.body.id);
        const again = await client.create({ key });
        expect([again.status, again.body.id, again.body.status]).toEqual([200, first.body.id, 'closed']);
        expect(again.body.tokens).toBeUndefined();
      });
    });

    describe('closing', () => {
      it('is 204 without a body, and again 204', async () => {
        const { body } = await client.create({ wait: WAIT_S });
        for (let i = 0; i < 2; i++) {
          const reply = await client.close(body.id);
          expect([reply.status, reply.text]).toEqual([204, '']);
        }
      });

      it('erases the tokens', async () => {
        const { body } = await client.create({ wait: WAIT_S });
        await client.close(body.id);
        expect(
          await testApp.database.rows('SELECT sealed FROM session_tokens WHERE session_id = $1', [body.id]),
        ).toEqual([{ sealed: null }]);
      });

      it('of a pending session is for good: a late token is discarded', async () => {
        await silenceCas();
        const { body } = await client.create();
        await eventually(async () => {
          expect(await testApp.cas.held()).toBeGreaterThan(0);
        });
        await client.close(body.id);
        await testApp.cas.clearFaults();
        await eventually(() => {
          expect(
            testApp.log.some((line) => line.msg === 'token minted too late, discarded' && line.sessionId === body.id),
          ).toBe(true);
        });
        expect((await client.read(body.id)).status).toBe(410);
      });

      it('answers clients that wait for the session', async () => {
        await silenceCas();
        const { body } = await client.create();
        const reading = client.read(body.id, { wait: WAIT_S });
        await client.close(body.id);
        expect((await reading).status).toBe(410);
      });

      it('makes every further read 410, and never shows the token again', async () => {
        const { body } = await client.create({ wait: WAIT_S });
        await client.close(body.id);
        const read = await client.read(body.id, { wait: 1 });
        expect(read.status).toBe(410);
        expect(read.body).toMatchObject({ code: 'session-closed', retryable: false });
        expect(read.headers.link).toBeUndefined();
        expect(read.text).not.toMatch(TOKEN);
      });

      it('leads on to the successor, for callers who may open rooms', async () => {
        const room = newRoom();
        const first = await client.openRoom(room, { wait: WAIT_S });
        await client.close(first.body.id);
        expect((await client.read(first.body.id)).headers.link).toBeUndefined();
        const second = await client.openRoom(room, { wait: WAIT_S });

        const read = await client.read(first.body.id);
        expect(read.status).toBe(410);
        expect(read.headers.link).toBe(`</v1/sessions/${second.body.id}>; rel="successor-version"`);
        const viewer = await testApp.clientWith('sessions:read', 'tokens:read');
        const theirs = await viewer.read(first.body.id);
        expect([theirs.status, theirs.headers.link]).toEqual([410, undefined]);
      });

      it('is not what an expired session is', async () => {
        const { body } = await client.create({ wait: WAIT_S });
        await testApp.database.rows(`UPDATE sessions SET expires_at = now() WHERE id = $1`, [body.id]);
        const read = await client.read(body.id);
        expect([read.status, (read.body as unknown as { code: string }).code]).toEqual([410, 'session-expired']);
        expect((await client.close(body.id)).status).toBe(204);
        expect((await client.read(body.id)).body).toMatchObject({ code: 'session-expired' });
      });
    });

    describe('tokens', () => {
      it('are shown only to callers with tokens:read', async () => {
        const room = newRoom();
        const { body } = await client.openRoom(room, { wait: WAIT_S });
        const blind = await testApp.clientWith('rooms:open', 'sessions:read', 'sessions:create');
        const seeing = await testApp.clientWith('sessions:read', 'tokens:read');
        for (const reply of [await blind.openRoom(room), await blind.readRoom(room), await blind.read(body.id)]) {
          expect(reply.status).toBe(200);
          expect(reply.body.status).toBe('ready');
          expect(Object.keys(reply.body)).not.toContain('tokens');
          expect(reply.text).not.toMatch(TOKEN);
        }
        expect((await blind.create({ wait: WAIT_S })).text).not.toMatch(TOKEN);
        expect((await seeing.read(body.id)).body.tokens).toEqual(body.tokens);
      });
    });

    describe('HEAD', () => {
      it('answers as GET does, without a body', async () => {
        const { body } = await client.create({ wait: WAIT_S });
        const [get, head] = [await client.read(body.id), await client.send('HEAD', `/v1/sessions/${body.id}`)];
        expect([head.status, head.text]).toEqual([200, '']);
        expect(head.headers['content-type']).toBe(get.headers['content-type']);
        expect(head.headers['content-length']).toBe(get.headers['content-length']);
        expect((await client.send('HEAD', `/v1/sessions/${body.id}x`)).status).toBe(404);
      });

      it('needs the same scope', async () => {
        const { body } = await client.create({ wait: WAIT_S });
        const other = await testApp.clientWith('rooms:open');
        expect((await other.send('HEAD', `/v1/sessions/${body.id}`)).status).toBe(403);
        const visitor = testApp.newClient(testApp.url, null);
        expect((await visitor.send('HEAD', `/v1/sessions/${body.id}`)).status).toBe(401);
      });
    });

    describe('every reply', () => {
      let replies: Reply<unknown>[];
      beforeAll(async () => {
        const visitor = testApp.newClient(testApp.url, null);
        const { body } = await client.create({ wait: WAIT_S });
        replies = [
          await client.openRoom(newRoom(), { wait: WAIT_S }),
          await client.openRoom(newRoom()),
          await client.read(body.id),
          await client.read(`ses_${'x'.repeat(22)}`),
          await client.close(body.id),
          await client.read(body.id),
          await client.create({ body: { x: 1 } }),
          await client.create({ body: '{' }),
          await client.create({ body: 'x'.repeat(70_000) }),
          await client.create({ body: 'x', headers: { 'content-type': 'text/plain' } }),
          await client.send('PATCH', '/v1/sessions'),
          await client.send('GET', '/v1/nothing'),
          await visitor.openRoom('derby'),
          await (await testApp.clientWith()).openRoom('derby'),
        ];
      });

      it('has an id of its own', () => {
        const ids = replies.map((reply) => String(reply.headers['request-id']));
        for (const id of ids) expect(id).toMatch(/^req_\w{20}$/);
        expect(new Set(ids).size).toBe(replies.length);
      });

      it('under /v1 is kept by no cache', () => {
        expect(new Set(replies.map((reply) => reply.headers['cache-control']))).toEqual(new Set(['no-store']));
      });

      it('that is a problem repeats that id in its document', () => {
        const problems = replies.filter((reply) => reply.status >= 400) as unknown as Reply<Record<string, unknown>>[];
        expect(problems.map((reply) => reply.status)).toEqual([404, 410, 422, 400, 413, 415, 405, 404, 401, 403]);
        for (const { status, body, headers } of problems) {
          expect(headers['content-type']).toMatch(/^application\/problem\+json/);
          expect(body).toMatchObject({
            type: `urn:watchtogether:problem:${String(body.code)}`,
            status,
            requestId: headers['request-id'],
            instance: expect.stringMatching(/^\/v1\//),
          });
        }
      });

      it('has an id that the caller cannot choose', async () => {
        const reply = await client.create({ headers: { 'x-request-id': 'mine', 'request-id': 'mine' } });
        expect(reply.headers['request-id']).not.toBe('mine');
      });
    });

    it('logs a line for each request, with ids and never with a token, a key or a name', async () => {
      const { body, headers } = await client.openRoom(`secret ${queue}`, { wait: WAIT_S });
      const line = await eventually(() => {
        const found = testApp.log.find((one) => one.requestId === headers['request-id']);
        expect(found).toBeDefined();
        return found;
      });
      expect(line).toMatchObject({
        msg: 'request',
        method: 'PUT',
        route: '/v1/rooms/:room/session',
        status: 201,
        sessionId: body.id,
        caller: expect.stringMatching(/^key:/),
      });
      const all = JSON.stringify(testApp.log);
      expect(all).not.toMatch(TOKEN);
      for (const secret of ['wtk_', testApp.cas.apiSecret, `secret ${queue}`]) expect(all).not.toContain(secret);
    });
  });
}
