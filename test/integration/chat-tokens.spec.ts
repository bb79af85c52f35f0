import { SessionsRepository } from '@app/entities';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SessionTokens } from '../../apps/gateway/src/tokens/session-tokens.js';
import { AdmissionService } from '../support/admission-service.js';
import { chatOf, type ChatToken, claimsOf } from '../support/chat.js';
import { fingerprint } from '../support/cas-sandbox.js';
import type { Client, Reply } from '../support/client.js';
import { sendRaw } from '../support/raw-http.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { describeOn, QUEUES, TestApp } from '../support/test-app.js';

const JWT = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;
let users = 0;
const newUser = () => `user ${String(++users)}`;
/** Every row of a user, oldest first. */
const rowsOf = (testApp: TestApp, subject: string) =>
  testApp.database.rows<{ id: string; status: string; sealed: string | null }>(
    `SELECT s.id, s.status, t.sealed FROM sessions s LEFT JOIN session_tokens t ON t.session_id = s.id
     WHERE s.chat_subject = $1 ORDER BY s.created_at`,
    [subject],
  );
const codeOf = (reply: Reply<unknown>) => [reply.status, (reply.body as { code?: string } | undefined)?.code];

for (const queue of QUEUES) {
  describeOn(queue)(`chat tokens, with the queue in ${queue}`, () => {
    let testApp: TestApp;
    beforeAll(async () => {
      testApp = await TestApp.open({ queue });
      await testApp.startGateway();
    });
    afterAll(() => testApp.end());
    afterEach(() => testApp.cas.clearFaults());
    beforeEach(() => testApp.cas.clearJournal());

    const chat = () => chatOf(testApp.client);
    const callsFor = async (subject: string) =>
      (await testApp.cas.journal()).filter((call) => call.subFingerprint === fingerprint(subject));

    it('are made once for a user: 300 racers over two gateways get one token, of one call of CAS', async () => {
      const subject = newUser();
      const [one, other] = testApp.gateways;
      const replies = await Promise.all(
        Array.from({ length: 300 }, (_, n) => chatOf((n % 2 === 0 ? one : other)!.client).put(subject, { wait: 25 })),
      );
      expect(new Set(replies.map(({ body }) => body.token)).size).toBe(1);
      expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(replies.filter(({ status }) => status === 200)).toHaveLength(299);
      const [first] = replies;
      expect(first?.body).toEqual({
        subject,
        status: 'ready',
        token: expect.stringMatching(JWT),
        expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
        failure: null,
      });
      expect(claimsOf(first?.body.token).sub).toBe(subject);
      expect(await callsFor(subject)).toMatchObject([{ product: 'chat', path: '/public-chat/token/', status: 200 }]);
      expect(await rowsOf(testApp, subject)).toHaveLength(1);
    }, 60_000);

    it('are never shared by two users, however close their names', async () => {
      const subjects = [
        'anna',
        'Anna',
        'anna ',
        'anna%20',
        'zo\u00eb',
        'zoe\u0308',
        'a/b',
        'a?b&sub=anna',
        '\u{1f388}',
      ];
      const replies = await Promise.all([...subjects, ...subjects].map((subject) => chat().put(subject, { wait: 25 })));
      const tokens = new Map(replies.map(({ body }) => [body.subject, body.token]));
      expect([...tokens.keys()].sort()).toEqual([...subjects].sort());
      expect(new Set(tokens.values()).size).toBe(subjects.length);
      for (const [subject, token] of tokens) expect(claimsOf(token).sub).toBe(subject);
      expect(await testApp.cas.journal()).toHaveLength(subjects.length);
    });

    it('are retried by the table of sessions, without a second call for what was published', async () => {
      const subject = newUser();
      await testApp.cas.fault({ kind: 'status', status: 503, product: 'chat', times: 1 });
      await testApp.cas.fault({ kind: 'garbage', product: 'chat', times: 1 });
      const { status, body } = await chat().put(subject, { wait: 25 });
      expect([status, body.status, body.failure]).toEqual([201, 'ready', null]);
      expect((await callsFor(subject)).map((call) => call.fault ?? call.status)).toEqual(['status', 'garbage', 200]);
    });

    it('that CAS rejects fail for good, until they are ended', async () => {
      const subject = newUser();
      await testApp.cas.fault({ kind: 'status', status: 400, product: 'chat', times: 1 });
      const failed = await chat().put(subject, { wait: 25 });
      const failure = { code: 'cas-rejected', detail: expect.any(String), retryable: false };
      const shown = { subject, status: 'failed', expiresAt: null, failure };
      expect([failed.status, failed.body]).toEqual([200, shown]);
      expect((await chat().put(subject)).body).toEqual(shown);
      expect((await chat().get(subject)).body).toEqual(shown);
      expect(await callsFor(subject)).toHaveLength(1);
      expect((await chat().end(subject)).status).toBe(204);
      expect((await chat().put(subject, { wait: 25 })).status).toBe(201);
    });

    it('whose time ran out are retried by the next PUT', async () => {
      const subject = newUser();
      await testApp.cas.fault({ kind: 'status', status: 503, retryAfter: '60', product: 'chat', times: 1 });
      expect((await chat().put(subject)).status).toBe(202);
      await eventually(async () => {
        expect(await callsFor(subject)).toHaveLength(1);
      });
      await testApp.database.rows('UPDATE sessions SET deadline_at = now() WHERE chat_subject = $1', [subject]);
      expect((await chat().get(subject)).body).toMatchObject({ status: 'failed', failure: { retryable: true } });
      const again = await chat().put(subject, { wait: 25 });
      expect([again.status, again.body.status]).toEqual([200, 'ready']);
      expect(await rowsOf(testApp, subject)).toHaveLength(1);
    });
  });
}

describe('a chat token', () => {
  let testApp: TestApp;
  let provider: IdentityProvider;
  let admission: AdmissionService;
  beforeAll(async () => {
    [provider, admission] = await Promise.all([IdentityProvider.start(), AdmissionService.start()]);
    testApp = await TestApp.open({
      env: { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch', OIDC_ALLOW_ADMIN: 'on', ...admission.env },
    });
  });
  afterAll(async () => {
    await testApp.end();
    await Promise.all([provider.close(), admission.close()]);
  });
  beforeEach(() => {
    admission.reset();
  });
  afterEach(() => testApp.cas.clearFaults());

  const chat = (client: Client = testApp.client) => chatOf(client);
  const person = async (sub: string, scope = 'chat:mint') =>
    testApp.newClient(testApp.url, await provider.token(sub, { claims: { scope } }));

  it('that is pending is 202 with where and when to ask again, and is not shown before it is there', async () => {
    const subject = 'a user / of yours';
    expect(codeOf(await chat().get(subject))).toEqual([404, 'not-found']);
    await testApp.cas.fault({ kind: 'hang', product: 'chat' });
    const opened = await chat().put(subject, { wait: 0 });
    expect(opened.status).toBe(202);
    expect(opened.body).toEqual({ subject, status: 'pending', expiresAt: null, failure: null });
    expect(opened.headers).toMatchObject({
      location: '/v1/chat-tokens/a%20user%20%2F%20of%20yours',
      'retry-after': '1',
      'cache-control': 'no-store',
    });
    const read = await chat().get(subject);
    expect([read.status, read.body.status, read.headers['retry-after']]).toEqual([200, 'pending', '1']);
    const waiting = chat().get(subject, { wait: 20 });
    await testApp.cas.clearFaults();
    expect((await waiting).body).toMatchObject({ status: 'ready', token: expect.stringMatching(JWT) });
    const head = await testApp.client.send('HEAD', String(opened.headers.location));
    expect([head.status, head.text]).toEqual([200, '']);
  });

  it('of a user is theirs by me, and the one that a backend vouches for by name', async () => {
    const anna = await person('anna@example.com');
    const own = await chat(anna).put('me', { wait: 20 });
    expect([own.status, own.headers.location]).toEqual([201, '/v1/chat-tokens/me']);
    expect([own.body.subject, claimsOf(own.body.token).sub]).toEqual(['anna@example.com', 'anna@example.com']);
    const vouched = await chat(await testApp.clientWith('chat:mint')).put('anna@example.com');
    expect([vouched.status, vouched.body]).toEqual([200, own.body]);
    expect((await chat(anna).get('me')).body).toEqual(own.body);
    const ben = await chat(await person('ben')).put('me', { wait: 20 });
    expect(ben.body.token).not.toBe(own.body.token);
    expect(ben.body.subject).toBe('ben');
  });

  it.each(['ben', 'anna', 'Me', 'user:x#anna', 'key'])('of %j is for no user who asks by that name', async (name) => {
    for (const scope of ['chat:mint', 'admin']) {
      // One user each, since one may ask 20 times a second; the first one asks by the own name.
      const anna = await person(name === 'anna' ? name : `not ${name}`, scope);
      for (const reply of [await chat(anna).put(name), await chat(anna).get(name), await chat(anna).end(name)]) {
        expect(codeOf(reply)).toEqual([403, 'insufficient-scope']);
      }
    }
    expect(admission.asked).toEqual([]);
  });

  it('of an API key itself does not exist', async () => {
    for (const reply of [await chat().put('me'), await chat().get('me'), await chat().end('me')]) {
      expect(codeOf(reply)).toEqual([422, 'validation-failed']);
      expect((reply.body as unknown as { errors: object[] }).errors).toMatchObject([{ parameter: 'subject' }]);
    }
  });

  it('needs chat:mint, and nothing else', async () => {
    const others = ['rooms:open', 'sessions:create', 'sessions:read', 'sessions:close', 'tokens:read'] as const;
    expect(codeOf(await chat(await testApp.clientWith(...others)).put('u'))).toEqual([403, 'insufficient-scope']);
    const reply = await chat(await testApp.clientWith('chat:mint')).put('u', { wait: 20 });
    expect(reply.body.token).toMatch(JWT);
  });

  it('ends at its expiry: it is gone at once, and the next PUT makes a new one with a call of its own', async () => {
    testApp.cas.setTokenTtl(2);
    const first = await chat().put('short', { wait: 20 });
    testApp.cas.setTokenTtl(7200);
    expect(first.status).toBe(201);
    await eventually(async () => {
      expect((await chat().get('short')).status).toBe(404);
    });
    const second = await chat().put('short', { wait: 20 });
    expect(second.status).toBe(201);
    expect(second.body.token).not.toBe(first.body.token);
    expect(await rowsOf(testApp, 'short')).toMatchObject([
      { status: 'expired', sealed: null },
      { status: 'ready', sealed: expect.any(String) },
    ]);
  });

  it('past its expiry is gone for every reader, before the sweeper has come by', async () => {
    await chat().put('just expired', { wait: 20 });
    await testApp.database.rows(`UPDATE sessions SET expires_at = now() WHERE chat_subject = 'just expired'`);
    expect(codeOf(await chat().get('just expired'))).toEqual([404, 'not-found']);
    expect((await chat().put('just expired', { wait: 20 })).status).toBe(201);
  });

  it('is erased by DELETE, which may be repeated, and the next PUT makes a new one', async () => {
    const first = await chat().put('leaver', { wait: 20 });
    const ended = [await chat().end('leaver'), await chat().end('leaver'), await chat().end('unheard of')];
    expect(ended.map(({ status, text }) => [status, text])).toEqual(Array(3).fill([204, '']));
    expect(codeOf(await chat().get('leaver'))).toEqual([404, 'not-found']);
    expect(await rowsOf(testApp, 'leaver')).toMatchObject([{ status: 'closed', sealed: null }]);
    const second = await chat().put('leaver', { wait: 20 });
    expect([second.status, second.body.token === first.body.token]).toEqual([201, false]);
  });

  it('is ended by its user only when it is 10 s old: each new one is a call of CAS', async () => {
    const anna = await person('impatient');
    expect((await chat(anna).put('me', { wait: 20 })).status).toBe(201);
    const early = await chat(anna).end('me');
    expect([...codeOf(early), Number(early.headers['retry-after']) <= 10]).toEqual([429, 'rate-limited', true]);
    expect((await chat(anna).get('me')).body.status).toBe('ready');
    await testApp.database.rows(
      `UPDATE sessions SET created_at = created_at - interval '10 s' WHERE chat_subject = 'impatient'`,
    );
    expect((await chat(anna).end('me')).status).toBe(204);
  });

  it('that is ended while it is minted is not revived by the late token', async () => {
    await testApp.cas.fault({ kind: 'hang', product: 'chat', times: 1 });
    const waiting = chat().put('hasty', { wait: 20 });
    await eventually(async () => {
      expect(await testApp.cas.held()).toBe(1);
    });
    await chat().end('hasty');
    expect(await waiting).toMatchObject({ status: 200, body: { status: 'closed', expiresAt: null } });
    await testApp.cas.release();
    expect((await chat().put('hasty', { wait: 20 })).status).toBe(201);
    expect(await rowsOf(testApp, 'hasty')).toMatchObject([{ status: 'closed', sealed: null }, { status: 'ready' }]);
  });

  describe('and admission', () => {
    it('is asked with the user, before it is made, handed over or ended', async () => {
      const anna = await person('asked');
      await chat(anna).put('me', { wait: 20 });
      await chat(anna).end('me');
      const who = { kind: 'user', issuer: provider.issuer, subject: 'asked' };
      const question = { who, session: null, room: null, subject: 'asked' };
      expect(admission.asked).toEqual([
        { ...question, action: 'chat' },
        { ...question, action: 'close-chat' },
      ]);
    });

    it('is denied: nothing is made and nothing shown', async () => {
      const ready = await chat(await testApp.clientWith('chat:mint')).put('shown', { wait: 20 });
      expect(ready.status).toBe(201);
      admission.answer = ({ subject }) => ({
        allow: subject !== 'shown' && subject !== 'banned',
        reason: 'not tonight',
      });
      const backend = await testApp.clientWith('chat:mint');
      // What is allowed for one user is not allowed for another.
      expect((await chat(backend).put('welcome', { wait: 20 })).status).toBe(201);
      for (const reply of [
        await chat(backend).put('banned'),
        await chat(backend).put('shown'),
        await chat(backend).get('shown'),
        await chat(backend).end('shown'),
      ]) {
        expect(codeOf(reply)).toEqual([403, 'admission-denied']);
        expect(reply.text).not.toContain('eyJ');
      }
      expect(await rowsOf(testApp, 'banned')).toEqual([]);
      expect(await rowsOf(testApp, 'shown')).toMatchObject([{ status: 'ready' }]);
    });
  });

  describe('with bad input', () => {
    it.each<[string, string, number, string]>([
      ['U+0000', 'a%00', 422, 'validation-failed'],
      ['a line break', 'a%0Ab', 422, 'validation-failed'],
      ['an escape', '%1B%5B31m', 422, 'validation-failed'],
      ['an invisible character', 'a%E2%80%8Bb', 422, 'validation-failed'],
      ['a direction mark', '%E2%80%AEa', 422, 'validation-failed'],
      ['256 characters', 'x'.repeat(256), 422, 'validation-failed'],
      ['an unpaired surrogate', '%ED%A0%80', 400, 'malformed'],
      ['half a character', '%C3', 400, 'malformed'],
      ['an overlong encoding', '%C0%AF', 400, 'malformed'],
      ['a broken escape', '%zz', 400, 'malformed'],
      ['nothing', '', 404, 'not-found'],
      ['more than any subject', 'x'.repeat(3000), 414, 'uri-too-long'],
      ['a slash', 'a/b', 404, 'not-found'],
    ])('a subject of %s is refused and makes nothing', async (_what, path, status, code) => {
      const before = await testApp.sessions();
      for (const method of ['PUT', 'GET', 'DELETE'] as const) {
        const reply = await testApp.client.send<{ errors?: object[]; instance: string }>(
          method,
          `/v1/chat-tokens/${path}`,
        );
        expect(codeOf(reply)).toEqual([status, code]);
        expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
        if (status === 422) expect(reply.body.errors).toMatchObject([{ parameter: 'subject' }]);
        expect(reply.body.instance).toBe(path === '' ? '/v1/chat-tokens/' : '/v1/chat-tokens/…');
      }
      expect(await testApp.sessions()).toBe(before);
    });

    it.each(['%2E', '%2e%2E', '..'])('a subject of %s, as only raw clients can send it, is refused', async (path) => {
      const { status, text } = await sendRaw(
        testApp.url,
        `GET /v1/chat-tokens/${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${testApp.apiKey}\r\nconnection: close\r\n\r\n`,
      );
      expect([status, (JSON.parse(text) as { errors: object[] }).errors]).toMatchObject([
        422,
        [{ parameter: 'subject' }],
      ]);
    });

    it('takes the longest subject, however it is spelled', async () => {
      for (const subject of ['x'.repeat(255), '\u4e00'.repeat(255), '\u{1f388}'.repeat(127)]) {
        expect((await chat().put(subject, { wait: 20 })).body.subject).toBe(subject);
      }
    });

    it.each<[string, unknown, number, string]>([
      ['a field', { ttlS: 60 }, 422, '#/ttlS'],
      ['a subject', { subject: 'ben' }, 422, '#/subject'],
      ['a list', [], 422, '#'],
      ['null', 'null', 422, '#'],
    ])('a body with %s is refused and makes nothing', async (_what, body, status, pointer) => {
      const reply = await testApp.client.send<{ errors: object[] }>('PUT', '/v1/chat-tokens/bodied', { body });
      expect([reply.status, reply.body.errors]).toMatchObject([status, [{ pointer }]]);
      expect(await rowsOf(testApp, 'bodied')).toEqual([]);
    });

    it('an empty object is a body', async () => {
      expect((await chat().put('empty', { body: {}, wait: 20 })).status).toBe(201);
    });

    it('other methods are 405', async () => {
      const reply = await testApp.client.send('POST', '/v1/chat-tokens/u');
      expect([...codeOf(reply), reply.headers.allow]).toEqual([405, 'method-not-allowed', 'PUT, GET, DELETE, HEAD']);
    });
  });

  it('is in the audit trail, with who made, had and ended it', async () => {
    const subject = 'audited';
    const client = await testApp.clientWith('chat:mint');
    await chat(client).put(subject, { wait: 20 });
    await chat(client).get(subject);
    await chat(client).end(subject);
    const [row] = await rowsOf(testApp, subject);
    expect(row?.id).toMatch(/^cht_[0-9A-Za-z]{22}$/);
    await eventually(async () => {
      const { body } = await testApp.client.send<{ items: { action: string; count: number; actor: string }[] }>(
        'GET',
        `/v1/audit?session=${String(row?.id)}`,
      );
      const counted = body.items.map(({ action, count }) => [action, count]).sort();
      expect(counted).toEqual([
        ['close', 1],
        ['create', 1],
        ['read-tokens', 2],
      ]);
      expect(new Set(body.items.map(({ actor }) => actor))).toEqual(
        new Set([`key:${String(client.apiKey?.split('_')[1])}`]),
      );
    });
  });

  it('is no session: no other route reads, lists, follows, retries or closes it', async () => {
    const { body } = await chat().put('hidden', { wait: 20 });
    const [row] = await rowsOf(testApp, 'hidden');
    const id = String(row?.id);
    const { client } = testApp;
    const replies = [
      await client.read(id),
      await client.send('GET', `/v1/sessions/${id}/events`),
      await client.retry(id),
      await client.close(id),
      await client.readRoom('hidden'),
    ];
    expect(replies.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    const queries = ['', '?status=ready', '?room=hidden', '?limit=200'];
    for (const query of queries) replies.push(await client.send('GET', `/v1/sessions${query}`));
    expect((await client.openRoom('hidden', { wait: 20 })).body.products).toEqual(['stream']);
    for (const { text } of replies) {
      expect(text).not.toContain(String(body.token));
      expect(text).not.toContain('"chat"');
      expect(text).not.toMatch(/"id":"cht_/);
    }
    expect((await chat().get('hidden')).body.token).toBe(body.token);
    // Nor does the one place that opens tokens open it as one of a session.
    const record = await testApp.gateway.app.get(SessionsRepository).find(id);
    const everything = { scopes: new Set(['admin']), revalidate: () => Promise.resolve() };
    const tokens = testApp.gateway.app.get(SessionTokens, { strict: false });
    expect(await tokens.read(record!, everything as never)).toBeUndefined();
  });

  it('stands aside in lists: a page of sessions is full, and ends where they end', async () => {
    const all = await testApp.client.send<{ items: ChatToken[]; nextCursor: string | null }>(
      'GET',
      '/v1/sessions?limit=200',
    );
    const sessions = await testApp.database.rows(`SELECT 1 FROM sessions WHERE chat_subject IS NULL`);
    expect([all.body.items.length, all.body.nextCursor]).toEqual([sessions.length, null]);
  });
});
