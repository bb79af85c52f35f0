import { spawn } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { AdmissionService } from '../support/admission-service.js';
import type { Client, Reply } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestApp } from '../support/test-app.js';
import { issueFor, ticketOf } from '../support/tickets.js';
import { snippet } from '../support/snippets.js';

const EVERYTHING = 'sessions:create sessions:read sessions:close rooms:open tokens:read';

let service: AdmissionService;
let provider: IdentityProvider;
let testApp: TestApp;
let n = 0;
/** Each test has rooms and callers of its own: what was allowed is remembered for 5 s. */
const aRoom = () => `room ${++n}`;
const aKey = () =>
  testApp.clientWith('sessions:create', 'sessions:read', 'sessions:close', 'rooms:open', 'tokens:read');
const problem = (reply: Reply) => [reply.status, (reply.body as unknown as { code?: string }).code];
const detail = (reply: Reply) => (reply.body as unknown as { detail: string }).detail;
const asked = () => service.asked.map(({ action, room, session }) => [action, room, session]);

beforeAll(async () => {
  [service, provider] = await Promise.all([AdmissionService.start(), IdentityProvider.start()]);
  testApp = await TestApp.open({
    env: {
      ...service.env,
      ADMISSION_TIMEOUT_MS: '300',
      OIDC_ISSUER: provider.issuer,
      OIDC_AUDIENCE: 'watch',
      ROOM_API: 'on',
    },
  });
});
beforeEach(() => {
  service.reset();
});
afterAll(async () => {
  await testApp.end();
  await Promise.all([service.close(), provider.close()]);
});

/** A room with a ready session, and a caller who has not asked for anything yet. */
async function readySession(): Promise<{ room: string; id: string; other: Client }> {
  const room = aRoom();
  const { body } = await testApp.client.openRoom(room, { wait: 10 });
  service.reset();
  return { room, id: body.id, other: await aKey() };
}

describe("the customer's own logic", () => {
  it('is asked who wants to open, join and close what, in a signed question', async () => {
    const room = aRoom();
    const key = await aKey();
    const { body } = await key.openRoom(room, { wait: 10 });
    await key.close(body.id);
    const who = { kind: 'key', id: key.apiKey?.split('_')[1] };
    expect(service.asked).toEqual([
      { who, action: 'open', room, session: null },
      { who, action: 'join', room, session: body.id },
      { who, action: 'close', room, session: body.id },
    ]);
    expect(service.forged).toBe(0);
  });

  it('is told of a person by issuer and subject', async () => {
    const token = await provider.token('anna', { claims: { scope: EVERYTHING } });
    await testApp.newClient(testApp.url, token).create({ wait: 10 });
    const who = { kind: 'user', issuer: provider.issuer, subject: 'anna' };
    expect(service.asked[0]).toEqual({ who, action: 'open', room: null, session: null });
    expect(service.asked[1]).toMatchObject({ who, action: 'join', room: null });
  });

  it('is told of the holder of a ticket by the key that issued it and the subject, each time', async () => {
    const { room, id } = await readySession();
    const ticket = ticketOf(await issueFor(testApp.client, { room }, { subject: 'anna', name: 'Anna' }));
    expect(service.asked).toEqual([]);
    const holder = testApp.newClient(testApp.url, ticket);
    expect((await holder.read(id)).body.tokens).toBeDefined();
    const who = { kind: 'ticket', issuer: testApp.apiKey.split('_')[1], subject: 'anna' };
    expect(service.asked).toEqual([{ who, action: 'join', room, session: id }]);
    service.answer = ({ who: { kind } }) => ({ allow: kind !== 'ticket', reason: 'not tonight' });
    const other = ticketOf(await issueFor(testApp.client, { room }, { subject: 'ben' }));
    expect(problem(await testApp.newClient(testApp.url, other).read(id))).toEqual([403, 'admission-denied']);
  });

  it('is asked before every reply with tokens, whichever call it answers', async () => {
    const { room, id, other } = await readySession();
    service.answer = ({ action }) => ({ allow: action === 'open' });
    const replies = await Promise.all([
      other.read(id),
      other.openRoom(room),
      other.send('GET', `/v1/rooms/${encodeURIComponent(room)}/session`),
      other.send('POST', `/v1/sessions/${id}/retry`),
    ]);
    for (const reply of replies) {
      expect(problem(reply)).toEqual([403, 'admission-denied']);
      expect(reply.text).not.toContain('eyJ0eXAi');
    }
    const made = await other.create({ wait: 10 });
    expect(problem(made)).toEqual([403, 'admission-denied']);
  });

  it('is not asked about replies without tokens', async () => {
    const { room, id } = await readySession();
    const reader = await testApp.clientWith('sessions:read', 'rooms:open');
    service.answer = () => ({ allow: false });
    expect((await reader.read(id)).status).toBe(200);
    expect((await reader.send('GET', `/v1/rooms/${encodeURIComponent(room)}/session`)).status).toBe(200);
    expect((await testApp.client.send('GET', '/v1/sessions')).status).toBe(200);
    expect(service.asked).toEqual([]);
  });

  it('says why not, in one line of at most 200 characters', async () => {
    const { id, other } = await readySession();
    service.answer = () => ({ allow: false, reason: 'You may join again\nafter the match' });
    expect(detail(await other.read(id))).toBe('You may join again after the match');
    service.answer = () => ({ allow: false, reason: 'x'.repeat(1000) });
    expect(detail(await other.read(id))).toBe('x'.repeat(200));
    service.answer = () => ({ allow: false });
    expect(detail(await other.read(id))).toBe('The request was not admitted');
  });

  it('keeps a session from being made, or closed', async () => {
    const { room, id, other } = await readySession();
    const before = await testApp.sessions();
    service.answer = () => ({ allow: false });
    expect(problem(await other.openRoom(aRoom()))).toEqual([403, 'admission-denied']);
    expect(problem(await other.create({ key: 'k' }))).toEqual([403, 'admission-denied']);
    expect(problem(await other.close(id))).toEqual([403, 'admission-denied']);
    expect(await testApp.sessions()).toBe(before);
    expect((await testApp.client.send('GET', `/v1/rooms/${encodeURIComponent(room)}/session`)).body.id).toBe(id);
  });

  it('keeps a failed session from being retried: it may lead to a call of CAS, as opening does', async () => {
    const room = aRoom();
    const { id } = (await testApp.client.openRoom(room, { wait: 10 })).body;
    const failed = `UPDATE sessions SET status = 'failed', failure_code = 'cas-rejected', ended_at = now() WHERE id = $1`;
    await testApp.database.rows(failed, [id]);
    const retrier = await testApp.clientWith('sessions:create', 'sessions:read');
    service.asked.length = 0;
    service.answer = () => ({ allow: false });
    expect(problem(await retrier.retry(id))).toEqual([403, 'admission-denied']);
    expect(service.asked).toEqual([{ who: expect.anything(), action: 'open', room, session: id }]);
    expect((await testApp.database.rows('SELECT status FROM sessions WHERE id = $1', [id]))[0]).toEqual({
      status: 'failed',
    });
  });

  it('is asked by the drop-in rooms as well, as an anonymous caller', async () => {
    const name = aRoom();
    const create = () => testApp.newClient(testApp.url, null).send<object>('POST', '/room/create', { body: { name } });
    service.answer = () => ({ allow: false, reason: 'not tonight' });
    expect(await create()).toMatchObject({ status: 403, body: { error: 'not tonight' } });
    expect(service.asked).toEqual([
      { who: { kind: 'anonymous' }, action: 'open', room: `open:${name}`, session: null },
    ]);
    service.answer = (_question, response) => void response.writeHead(500).end();
    expect((await create()).status).toBe(500);
    service.reset();
    expect((await create()).status).toBe(200);
    expect(asked().map(([action]) => action)).toEqual(['open', 'join']);
  });
});

describe('an "allow"', () => {
  it('is cached for the same caller, action and target only', async () => {
    const { room, id, other } = await readySession();
    for (let i = 0; i < 3; i++) expect((await other.read(id)).status).toBe(200);
    expect(asked()).toEqual([['join', room, id]]);
    const third = await aKey();
    await third.read(id);
    await other.openRoom(room);
    await other.openRoom(aRoom());
    expect(asked().map(([action]) => action)).toEqual(['join', 'join', 'open', 'open']);
  });

  it('is asked for once by a crowd with the same question', async () => {
    const { id, other } = await readySession();
    const replies = await Promise.all(Array.from({ length: 40 }, () => other.read(id)));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    expect(service.asked).toHaveLength(1);
  });

  it('is over after 5 s', async () => {
    const { id, other } = await readySession();
    await other.read(id);
    service.answer = () => ({ allow: false });
    await eventually(async () => {
      expect(problem(await other.read(id))).toEqual([403, 'admission-denied']);
    }, 15_000);
  });
});

it('a "deny" is never remembered', async () => {
  const { id, other } = await readySession();
  service.answer = () => ({ allow: false });
  for (let i = 0; i < 3; i++) expect((await other.read(id)).status).toBe(403);
  expect(service.asked).toHaveLength(3);
  service.reset();
  expect((await other.read(id)).status).toBe(200);
});

describe('without an answer no caller is admitted', () => {
  it.each<[string, AdmissionService['answer']]>([
    ['when it is broken', (_question, response) => void response.writeHead(500).end('{"allow":true}')],
    ['when it says no more than 204', (_question, response) => void response.writeHead(204).end()],
    ['when it sends us elsewhere', (_question, response) => void response.writeHead(302, { location: '/ok' }).end()],
    ['when it is not JSON', (_question, response) => void response.end('allow')],
    ['when it does not say', () => ({ allowed: true })],
    ['when it says so in text', () => ({ allow: 'true' })],
    ['when it says too much', () => ({ allow: true, more: 'x'.repeat(20_000) })],
    ['when it hangs up', (_question, response) => void response.destroy()],
    ['when it takes too long', () => undefined],
    ['when it drips', (_question, response) => void response.writeHead(200).write('{')],
  ])('%s: 503, and nothing is stored', async (_name, answer) => {
    const { id, other } = await readySession();
    const before = await testApp.sessions();
    service.answer = answer;
    for (const reply of [await other.read(id), await other.openRoom(aRoom())]) {
      expect(problem(reply)).toEqual([503, 'admission-unavailable']);
      expect(reply.headers['retry-after']).toBe('1');
    }
    expect(await testApp.sessions()).toBe(before);
    service.reset();
    expect((await other.read(id)).status).toBe(200);
  });

  it('and what was remembered goes on until it is over', async () => {
    const { id, other } = await readySession();
    await other.read(id);
    service.answer = (_question, response) => void response.writeHead(500).end();
    expect((await other.read(id)).status).toBe(200);
  });
});

it('leaves in the audit trail who was refused what', async () => {
  const { id, other } = await readySession();
  service.answer = () => ({ allow: false });
  await other.read(id);
  await other.close(id);
  const actor = `key:${other.apiKey?.split('_')[1]}`;
  await eventually(async () => {
    const entries = await testApp.database.rows(
      `SELECT action, session_id, sum(count)::int AS count FROM audit_entries WHERE actor = $1 GROUP BY 1, 2`,
      [actor],
    );
    expect(entries).toEqual([{ action: 'denied:admission-denied', session_id: id, count: 2 }]);
  });
});

describe('is asked last', () => {
  it('after credential, scope, form, and whether it is there', async () => {
    service.answer = () => ({ allow: false });
    const { other } = await readySession();
    service.answer = () => ({ allow: false });
    const visitor = testApp.newClient(testApp.url, null);
    const unknown = `ses_${'x'.repeat(22)}`;
    expect((await visitor.openRoom(aRoom())).status).toBe(401);
    expect(problem(await (await testApp.clientWith('tokens:read')).openRoom(aRoom()))).toEqual([
      403,
      'insufficient-scope',
    ]);
    expect((await other.openRoom(aRoom(), { body: { products: [] } })).status).toBe(422);
    expect((await other.read(unknown)).status).toBe(404);
    expect((await other.close(unknown)).status).toBe(404);
    expect(service.asked).toEqual([]);
  });
});

describe('the receiver of docs/admission.md', () => {
  it('has at most 30 lines', () => {
    expect(snippet('docs/admission.md', 'receiver').trim().split('\n').length).toBeLessThanOrEqual(30);
  });

  it('decides for a real gateway, and rejects requests that are not signed', async () => {
    const port = await freePort();
    const receiver = spawn(process.execPath, ['--input-type=module'], {
      env: { PORT: String(port), ADMISSION_SECRET: service.secret },
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    receiver.stdin.end(snippet('docs/admission.md', 'receiver'));
    const url = `http://127.0.0.1:${port}/`;
    try {
      await eventually(async () => {
        expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401);
      });
      const gateway = await testApp.startGateway({ ADMISSION_URL: url });
      const person = async (sub: string) =>
        testApp.newClient(gateway.url, await provider.token(sub, { claims: { scope: EVERYTHING } }));
      const opened = await gateway.client.openRoom(aRoom(), { wait: 10 });
      expect(opened.status).toBe(201);
      expect((await (await person('u-1')).read(opened.body.id)).body.tokens).toEqual(opened.body.tokens);
      const banned = await (await person('u-666')).read(opened.body.id);
      expect([...problem(banned), detail(banned)]).toEqual([
        403,
        'admission-denied',
        'You may join again after the match',
      ]);
      expect(detail(await (await person('u-1')).openRoom(aRoom()))).toBe('Only our servers open rooms');
    } finally {
      receiver.kill();
    }
  });
});
