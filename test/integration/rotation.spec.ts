import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AdmissionService } from '../support/admission-service.js';
import type { Reply } from '../support/client.js';
import { EventReader } from '../support/event-reader.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { issueFor, ticketOf } from '../support/tickets.js';
import { type RunningGateway, TestApp } from '../support/test-app.js';

let service: AdmissionService;
let provider: IdentityProvider;
let testApp: TestApp;
let other: RunningGateway;
beforeAll(async () => {
  [service, provider] = await Promise.all([AdmissionService.start(), IdentityProvider.start()]);
  testApp = await TestApp.open({
    env: { ...service.env, OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch', ROOM_API: 'on' },
  });
  other = await testApp.startGateway();
});
afterAll(async () => {
  await testApp.end();
  await Promise.all([service.close(), provider.close()]);
});
beforeEach(() => {
  service.reset();
});
afterEach(async () => {
  EventReader.leaveAll();
  await testApp.cas.clearFaults();
});

const code = ({ body }: Reply) => (body as unknown as { code?: string }).code;
const linkTo = (id: string) => `</v1/sessions/${id}>; rel="successor-version"`;
const ready = async (room: string, body: object = {}) => (await testApp.client.openRoom(room, { body, wait: 10 })).body;
const generations = (room: string) =>
  testApp.database.rows<{ id: string; generation: number; status: string }>(
    'SELECT id, generation, status FROM sessions WHERE room = $1 ORDER BY generation',
    [room],
  );

describe('a rotation', () => {
  it("replaces the room's session by its next generation, with a token of its own", async () => {
    const old = await ready('derby', { products: ['sync', 'stream'], metadata: { match: 'derby' } });
    const reply = await testApp.client.send('POST', `/v1/sessions/${old.id}/rotate`, { wait: 10 });
    expect(reply.status).toBe(201);
    expect(reply.headers).toMatchObject({
      location: `/v1/sessions/${reply.body.id}`,
      'preference-applied': 'wait=10',
      'cache-control': 'no-store',
    });
    const { room, products, metadata } = old;
    expect(reply.body).toMatchObject({ room, products, metadata, generation: 2, status: 'ready' });
    expect(reply.body.tokens?.stream).toBeDefined();
    expect(reply.body.tokens?.stream).not.toBe(old.tokens?.stream);
    expect((await testApp.client.openRoom('derby')).body.id).toBe(reply.body.id);
    const gone = await testApp.client.read(old.id);
    expect([gone.status, code(gone), gone.headers.link]).toEqual([410, 'session-closed', linkTo(reply.body.id)]);
    const [sealed] = await testApp.database.rows(
      'SELECT 1 FROM session_tokens WHERE session_id = $1 AND sealed IS NOT NULL',
      [old.id],
    );
    expect(sealed).toBeUndefined();
  });

  it('is answered at once with 202 while the next generation is pending', async () => {
    const { id } = await ready('at once');
    await testApp.cas.fault({ kind: 'hang' });
    const reply = await testApp.client.rotate(id);
    expect([reply.status, reply.body.status, reply.headers['retry-after']]).toEqual([202, 'pending', '1']);
  });

  it('is in the audit trail: who closed the one and created the other', async () => {
    const { id } = await ready('audited');
    const { body } = await testApp.client.rotate(id);
    const entries = await testApp.database.rows(
      `SELECT session_id, action, actor FROM audit_entries
       WHERE session_id = ANY($1) AND action IN ('create', 'close') ORDER BY at, action`,
      [[id, body.id]],
    );
    const actor = `key:${String(testApp.apiKey.split('_')[1])}`;
    expect(entries).toEqual([
      { session_id: id, action: 'create', actor },
      { session_id: id, action: 'close', actor },
      { session_id: body.id, action: 'create', actor },
    ]);
  });

  it('is told to those who follow the session, with the successor for those who may open the room', async () => {
    const { id } = await ready('followed');
    const opener = await EventReader.open(await testApp.clientWith('sessions:read', 'rooms:open'), id);
    const viewer = await EventReader.open(await testApp.clientWith('sessions:read'), id);
    const far = await EventReader.open(other.client, id);
    await eventually(() => {
      for (const reader of [opener, viewer, far]) expect(reader.states).toEqual(['ready']);
    });
    const { body } = await testApp.client.rotate(id);
    await eventually(() => {
      for (const reader of [opener, viewer, far]) {
        expect([reader.states, reader.ended]).toEqual([['ready', 'closed'], true]);
      }
    });
    expect([opener, viewer, far].map(({ events }) => events[1]?.data.successor)).toEqual([body.id, undefined, body.id]);
    expect(viewer.text).not.toContain(body.id);
  });

  it('is told to holders of tickets for the room, with the successor, and to those for the session without it', async () => {
    const { id } = await ready('by ticket');
    const reader = async (place: { session: string } | { room: string }) => {
      const ticket = ticketOf(await issueFor(testApp.client, place, { subject: 'anna' }));
      const client = testApp.newClient(testApp.url, ticket);
      return { client, stream: await EventReader.open(client, id) };
    };
    const ofRoom = await reader({ room: 'by ticket' });
    const ofSession = await reader({ session: id });
    const { body } = await testApp.client.rotate(id, { wait: 10 });
    await eventually(() => {
      for (const { stream } of [ofRoom, ofSession])
        expect([stream.states.at(-1), stream.ended]).toEqual(['closed', true]);
    });
    expect(ofRoom.stream.events.at(-1)?.data.successor).toBe(body.id);
    expect(ofSession.stream.text).not.toContain(body.id);
    expect((await ofRoom.client.read(id)).headers.link).toBe(linkTo(body.id));
    expect((await ofSession.client.read(id)).headers.link).toBeUndefined();
    expect((await ofRoom.client.read(body.id)).body.tokens?.stream).toBe(body.tokens?.stream);
    expect((await ofSession.client.read(body.id)).status).toBe(403);
  });

  it('answers those who wait for the session', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const { body: old } = await testApp.client.openRoom('awaited');
    const waiting = other.client.read(old.id, { wait: 20 });
    const viewer = (await testApp.clientWith('sessions:read')).read(old.id, { wait: 20 });
    const { body: next } = await testApp.client.rotate(old.id);
    const [reply, bare] = await Promise.all([waiting, viewer]);
    expect([reply.status, reply.headers.link, bare.status, bare.headers.link]).toEqual([
      410,
      linkTo(next.id),
      410,
      undefined,
    ]);
  });

  it('is an event for webhooks: rotated, with the successor, or closed for endpoints that hear of no rotation', async () => {
    for (const types of [['session.closed', 'session.rotated'], ['session.closed']]) {
      const body = { url: 'https://hooks.invalid/', types, roomPrefix: 'told' };
      expect((await testApp.client.send('POST', '/v1/webhooks', { body })).status).toBe(201);
    }
    const { id } = await ready('told');
    const { body: next } = await testApp.client.rotate(id);
    const events = await testApp.database.rows(
      `SELECT type, payload->'data'->'successor' AS successor FROM webhook_deliveries WHERE session_id = $1 ORDER BY type`,
      [id],
    );
    expect(events).toEqual([
      { type: 'session.closed', successor: null },
      { type: 'session.rotated', successor: { id: next.id, generation: 2 } },
    ]);
  });

  it('of a failed session opens the next generation as well', async () => {
    await testApp.cas.fault({ kind: 'status', status: 403 });
    const { body: failed } = await testApp.client.openRoom('failed', { wait: 10 });
    expect(failed.status).toBe('failed');
    await testApp.cas.clearFaults();
    expect((await testApp.client.rotate(failed.id, { wait: 10 })).status).toBe(201);
  });
});

describe('racing rotations', () => {
  it('of one session over two gateways make one new generation; the others are told which', async () => {
    const { id } = await ready('raced');
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, n) => [testApp.client, other.client][n % 2]!.rotate(id)),
    );
    const [won, ...more] = replies.filter(({ status }) => status === 202);
    expect(more).toEqual([]);
    const next = won!.body.id;
    const lost = replies.filter((reply) => reply !== won);
    expect(
      new Set(lost.map((reply) => `${reply.status} ${String(code(reply))} ${String(reply.headers.link)}`)),
    ).toEqual(new Set([`410 session-closed ${linkTo(next)}`]));
    expect(await generations('raced')).toMatchObject([
      { id, generation: 1, status: 'closed' },
      { id: next, generation: 2 },
    ]);
  });

  it('and openings, reads and closings leave one live session and no gap in the generations', async () => {
    let { id } = await ready('busy');
    for (let round = 0; round < 10; round++) {
      const replies = await Promise.all([
        ...Array.from({ length: 10 }, (_, n) => [testApp.client, other.client][n % 2]!.openRoom('busy')),
        testApp.client.rotate(id),
        other.client.rotate(id),
        ...(round % 3 === 2 ? [testApp.client.close(id)] : []),
      ]);
      expect(replies.filter(({ status }) => status >= 500)).toEqual([]);
      id = (await testApp.client.openRoom('busy')).body.id;
    }
    const all = await generations('busy');
    expect(all.map(({ generation }) => generation)).toEqual(all.map((_, n) => n + 1));
    expect(all.filter(({ status }) => status !== 'closed').map((session) => session.id)).toEqual([id]);
  });
});

describe('reads from memory', () => {
  it('end with the rotation: on this gateway before its reply', async () => {
    const { id } = await ready('cached');
    for (let n = 0; n < 5; n++) expect((await testApp.client.read(id)).status).toBe(200);
    for (let n = 0; n < 5; n++) expect((await other.client.read(id)).status).toBe(200);
    await testApp.client.rotate(id);
    expect((await testApp.client.read(id)).status).toBe(410);
    await eventually(async () => {
      expect((await other.client.read(id)).status).toBe(410);
    });
  });
});

describe('a rotation is refused', () => {
  const expectUnchanged = async (id: string) => {
    const [session] = await testApp.database.rows<{ room: string; version: number }>(
      `SELECT room, version FROM sessions WHERE id = $1 AND status = 'ready'`,
      [id],
    );
    expect(session).toEqual({ room: session?.room ?? null, version: 2 });
    if (session?.room != null) expect(await generations(session.room)).toHaveLength(1);
  };

  it('for a session without a room, and for a drop-in room', async () => {
    const { body: unnamed } = await testApp.client.create({ wait: 10 });
    const created = await testApp.client.send<{ name: string }>('POST', '/room/create', { body: { name: 'dropin' } });
    expect(created.status).toBe(200);
    const [dropIn] = await generations('open:dropin');
    for (const id of [unnamed.id, dropIn!.id]) {
      const reply = await testApp.client.rotate(id);
      expect([reply.status, code(reply)]).toEqual([422, 'validation-failed']);
      expect(reply.body).toMatchObject({ errors: [{ parameter: 'tokenId' }] });
      await expectUnchanged(id);
    }
  });

  it('for a session that has ended or does not exist', async () => {
    const { id } = await ready('ended');
    await testApp.client.close(id);
    const closed = await testApp.client.rotate(id);
    expect([closed.status, code(closed), closed.headers.link]).toEqual([410, 'session-closed', undefined]);
    const { id: due } = await ready('expired');
    await testApp.database.rows(`UPDATE sessions SET expires_at = now() WHERE id = $1`, [due]);
    expect(code(await testApp.client.rotate(due))).toBe('session-expired');
    for (const unknown of [`ses_${'0'.repeat(22)}`, 'ses_1', 'x'.repeat(300), '%00']) {
      expect((await testApp.client.rotate(unknown)).status).toBe(404);
    }
  });

  it('to users who did not create the session', async () => {
    const { id } = await ready('of another');
    const claims = { scope: 'sessions:close rooms:open' };
    const anna = testApp.newClient(testApp.url, await provider.token('anna', { claims }));
    const reply = await anna.rotate(id);
    expect([reply.status, code(reply)]).toEqual([403, 'insufficient-scope']);
    await expectUnchanged(id);
    const { body: own } = await anna.openRoom('of anna');
    expect((await anna.rotate(own.id)).status).toBe(202);
  });

  it.each(['close', 'open'])('when admission denies to %s', async (denied) => {
    const { id, room } = await ready(`denied ${denied}`);
    service.answer = ({ action }) => ({ allow: action !== denied, reason: 'not now' });
    const caller = await testApp.clientWith('sessions:close', 'rooms:open');
    const reply = await caller.rotate(id);
    expect([reply.status, code(reply)]).toEqual([403, 'admission-denied']);
    expect(service.asked.at(-1)).toMatchObject({ action: denied, room, session: denied === 'close' ? id : null });
    await expectUnchanged(id);
  });
});

describe('admission', () => {
  it('decides who gets the token of the next generation', async () => {
    const { id } = await ready('sorted out');
    const removed = await testApp.clientWith('sessions:read', 'rooms:open', 'tokens:read');
    const staying = await testApp.clientWith('sessions:read', 'rooms:open', 'tokens:read');
    const { body: next } = await testApp.client.rotate(id, { wait: 10 });
    service.answer = ({ who }) => ({ allow: who.id !== removed.apiKey?.split('_')[1] });
    expect((await staying.read(next.id)).body.tokens?.stream).toBeDefined();
    const reply = await removed.read(next.id);
    expect([reply.status, code(reply), reply.text.includes('eyJ')]).toEqual([403, 'admission-denied', false]);
  });
});
