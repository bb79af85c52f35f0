import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client, Reply } from '../support/client.js';
import { TestApp } from '../support/test-app.js';
import { sendRaw } from '../support/raw-http.js';

const NOTHING = "default-src 'none';frame-ancestors 'none'";
const unknown = `/v1/sessions/ses_${'x'.repeat(22)}`;

let testApp: TestApp;
let client: Client;
let visitor: Client;
beforeAll(async () => {
  testApp = await TestApp.open({ worker: false, env: { ROOM_API: 'on', ROOM_API_WAIT_S: '1', DEMO: 'on' } });
  client = testApp.client;
  visitor = testApp.newClient(testApp.url, null);
});
afterAll(() => testApp.end());

const ours = ({ headers }: Pick<Reply<unknown>, 'headers'>) =>
  Object.fromEntries(
    Object.entries(headers).filter(([name]) => /^(content-security|cross-origin|referrer|strict|x-)/.test(name)),
  );

const cases: [string, number, () => Promise<Reply<unknown>>][] = [
  ['a session', 202, () => client.create()],
  ['a session that was closed', 204, async () => client.close((await client.create()).body.id)],
  ['a document that is public', 200, () => visitor.send('GET', '/openapi.json')],
  ['its health', 200, () => visitor.send('GET', '/livez')],
  ['a missing credential', 401, () => visitor.create()],
  ['a refusal of what they may', 403, async () => (await testApp.clientWith('tokens:read')).create()],
  ['what is not there', 404, () => client.send('GET', unknown)],
  ['a path that is not there', 404, () => visitor.send('GET', '/nothing')],
  ['a path that is not there below Swagger UI’s name', 404, () => visitor.send('GET', '/docsy')],
  ['a method that is not there', 405, () => client.send('PATCH', unknown)],
  ['a body that is no JSON', 400, () => client.create({ body: '{' })],
  ['a body that is too large', 413, () => client.create({ body: 'x'.repeat(70_000) })],
  ['a body of another type', 415, () => client.create({ body: 'x', headers: { 'content-type': 'a/b' } })],
  ['a body that is not valid', 422, () => client.create({ body: [] })],
  ['a drop-in room that has no tokens', 500, () => visitor.send('POST', '/room/create', { body: {} })],
  ['a drop-in room that is not there', 404, () => visitor.send('GET', '/room/nobody')],
];

describe('every reply tells browsers to do nothing with it', () => {
  it.each(cases)('%s (%i)', async (_name, status, send) => {
    const reply = await send();
    expect(reply.status).toBe(status);
    expect(ours(reply)).toEqual({
      'content-security-policy': NOTHING,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(reply.headers).not.toHaveProperty('server');
  });

  it('an event stream', async () => {
    const { body } = await client.create();
    const leaving = new AbortController();
    const reply = await fetch(`${testApp.url}/v1/sessions/${body.id}/events`, {
      headers: { authorization: `Bearer ${testApp.apiKey}` },
      signal: leaving.signal,
    });
    expect([reply.status, reply.headers.get('content-security-policy')]).toEqual([200, NOTHING]);
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
    leaving.abort();
  });

  it.each([
    ['a path that cannot be decoded', 400, 'GET /v1/sessions/%zz HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['a path that is too long', 414, `GET /v1/rooms/${'x'.repeat(3000)}/session HTTP/1.1\r\nhost: x\r\n\r\n`],
    ['headers that are too large', 431, `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['bytes that are no request', 400, 'hello\r\n\r\n'],
  ])('%s (%i), before there is a request', async (_name, status, bytes) => {
    const reply = await sendRaw(testApp.url, bytes);
    expect(reply.status).toBe(status);
    expect(ours(reply)).toEqual({ 'content-security-policy': NOTHING, 'x-content-type-options': 'nosniff' });
  });
});

describe('a page of ours', () => {
  it.each(['/docs', '/docs/', '/docs/swagger-ui-bundle.js'])('%s may run its own files and no others', async (path) => {
    const reply = await visitor.send('GET', path);
    expect(reply.status).toBe(200);
    expect(String(reply.headers['content-security-policy']).split(';').sort()).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self' data:",
      "script-src 'self'",
      "style-src 'self' 'unsafe-inline'",
    ]);
    expect(reply.headers).not.toHaveProperty('strict-transport-security');
  });

  it('the watch page keeps its own policy, and has one', async () => {
    const reply = await visitor.send('GET', '/demo');
    expect(reply.headers['content-security-policy']).toContain("script-src 'self'; style-src 'self';");
    expect(reply.headers['x-frame-options']).toBe('DENY');
  });
});
