import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '../support/client.js';
import { TestApp } from '../support/test-app.js';

const UNKNOWN = `/v1/sessions/ses_${'x'.repeat(22)}`;

/** Requests with everything wrong at once; the checks tell which of the faults comes first. */
const WRONG = [
  ['not JSON', 'POST', '/v1/sessions', { body: '{' }],
  ['too large', 'POST', '/v1/sessions', { body: 'x'.repeat(70_000) }],
  ['of another type', 'POST', '/v1/sessions', { body: 'x', headers: { 'content-type': 'text/plain' } }],
  ['not valid', 'POST', '/v1/sessions', { body: { x: 1 } }],
  ['with a wrong key', 'POST', '/v1/sessions', { key: 'k'.repeat(300) }],
  ['for a room that may not be', 'PUT', '/v1/rooms/a%2Fb/session', {}],
  ['for a room that may not be', 'GET', '/v1/rooms/a%2Fb/session', {}],
  ['for a room that is not there', 'GET', '/v1/rooms/nobody/session', {}],
  ['for a session that is not there', 'GET', UNKNOWN, {}],
  ['for a session that is not there', 'DELETE', UNKNOWN, {}],
] as const;

const SAID = [400, 413, 415, 422, 400, 422, 422, 404, 404, 404];

let testApp: TestApp;
let visitor: Client;
let other: Client;
beforeAll(async () => {
  testApp = await TestApp.open({ worker: false });
  visitor = testApp.newClient(testApp.url, null);
  other = await testApp.clientWith('tokens:read');
});
afterAll(() => testApp.end());

describe('the checks of a request', () => {
  it.each(WRONG)('ask first who it is (401): %s, %s %s', async (_name, method, path, call) => {
    const reply = await visitor.send<unknown>(method, path, call);
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toMatch(/^Bearer /);
    expect(reply.body).toMatchObject({ code: 'unauthenticated', retryable: false });
  });

  it.each(WRONG)('then what they may (403): %s, %s %s', async (_name, method, path, call) => {
    const reply = await other.send<unknown>(method, path, call);
    expect(reply.status).toBe(403);
    expect(reply.body).toMatchObject({ code: 'insufficient-scope', detail: expect.stringContaining(' scope ') });
  });

  it.each(WRONG.map((row, i) => [...row, SAID[i]] as const))(
    'and only then look at the rest: %s, %s %s',
    async (_name, method, path, call, status) => {
      expect((await testApp.client.send(method, path, call)).status).toBe(status);
    },
  );

  it('find a body wrong before they look for what it is about', async () => {
    const { body } = await testApp.client.openRoom('derby');
    await testApp.client.close(body.id);
    expect((await testApp.client.openRoom('derby', { body: { products: [] } })).status).toBe(422);
  });

  it('need no credential where there is no scope, nor where there is nothing', async () => {
    expect((await visitor.send('GET', '/livez')).status).toBe(200);
    expect((await visitor.send('GET', '/readyz')).status).toBe(200);
    expect((await visitor.send('GET', '/v1/nothing')).status).toBe(404);
    expect((await visitor.send('PATCH', '/v1/sessions')).status).toBe(405);
  });
});

describe('a credential', () => {
  const secret = 'a1B2'.repeat(12);

  it.each([
    ['none', {}],
    ['an empty header', { authorization: '' }],
    ['no scheme', { authorization: `wtk_abcd_${secret}` }],
    ['another scheme', { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['one of another form', { authorization: 'Bearer x' }],
    ['a key that does not exist', { authorization: `Bearer wtk_abcd_${secret}` }],
    ['two of them', { authorization: `Bearer wtk_abcd_${secret} wtk_abcd_${secret}` }],
    ['an unknown token', { authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' }],
  ])('that is none: %s', async (_name, headers) => {
    const reply = await visitor.openRoom('derby', { headers: headers });
    expect(reply.status).toBe(401);
    expect(reply.text).not.toContain(secret);
  });

  it('with the id of a key and another secret is none', async () => {
    const [, id = ''] = testApp.apiKey.split('_');
    const forged = testApp.newClient(testApp.url, `wtk_${id}_${secret}`);
    expect((await forged.openRoom('derby')).status).toBe(401);
    expect((await testApp.client.openRoom('derby')).status).toBeLessThan(300);
  });

  it('is never taken from the address', async () => {
    const path = `/v1/rooms/derby/session?access_token=${testApp.apiKey}&authorization=Bearer%20${testApp.apiKey}`;
    expect((await visitor.send('GET', path)).status).toBe(401);
  });

  it('needs its scheme in any case', async () => {
    const reply = await visitor.openRoom('derby', { headers: { authorization: `bEARER ${testApp.apiKey}` } });
    expect(reply.status).toBeLessThan(300);
  });

  it('with admin has every scope', async () => {
    const admin = await testApp.clientWith('admin');
    expect((await admin.openRoom('derby')).status).toBeLessThan(300);
    expect((await admin.create()).status).toBeLessThan(300);
  });

  it('that was revoked or has ended is none, at the latest 5 s later', async () => {
    for (const change of [`revoked_at = now()`, `expires_at = now()`]) {
      const client = await testApp.clientWith('rooms:open');
      const [, id] = (client.apiKey ?? '').split('_');
      await testApp.database.rows(`UPDATE api_keys SET ${change} WHERE id = $1`, [id]);
      expect((await client.openRoom('derby')).status).toBe(401);
    }
  });

  it('of a known key is not asked for again and again, and dies within 5 s', async () => {
    const client = await testApp.clientWith('rooms:open');
    expect((await client.openRoom('derby')).status).toBeLessThan(300);
    const [, id] = (client.apiKey ?? '').split('_');
    await testApp.database.rows(`UPDATE api_keys SET revoked_at = now() WHERE id = $1`, [id]);
    const revoked = performance.now();
    let status = 200;
    while (status !== 401 && performance.now() - revoked < 6000) {
      ({ status } = await client.readRoom('derby', { headers: { prefer: 'wait=0' } }));
    }
    expect(status).toBe(401);
    expect(performance.now() - revoked).toBeLessThan(5000);
  });
});
