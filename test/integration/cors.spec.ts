import { gatewayNamespaces, readSettings } from '@app/config';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '../../apps/gateway/src/routing/routes.js';
import type { Client, Reply } from '../support/client.js';
import { TestApp, type RunningGateway } from '../support/test-app.js';
import { sendRaw } from '../support/raw-http.js';

const ORIGIN = 'https://watch.example.com';
const OTHERS = [
  'https://evil.example',
  'null',
  '*',
  `${ORIGIN}.evil.example`,
  'http://watch.example.com',
  'https://watch.example.com:8443',
];
const unknown = `/v1/sessions/ses_${'x'.repeat(22)}`;

const corsOf = ({ headers }: Pick<Reply<unknown>, 'headers'>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^access-control-|^vary$/.test(name)));
const preflight = (origin: string, method: string) => ({ origin, 'access-control-request-method': method });

describe('CORS_ORIGINS', () => {
  const faultsOf = (CORS_ORIGINS: string) => {
    try {
      readSettings({ http: gatewayNamespaces.http }, { CORS_ORIGINS });
      return '';
    } catch (error) {
      return String(error);
    }
  };

  it.each(['*', 'https://*.example.com', 'watch.example.com', `${ORIGIN}/`, `${ORIGIN}/page`, 'null', 'file://'])(
    'may not be %s',
    (value) => {
      expect(faultsOf(`https://fine.example,${value}`)).toContain(
        'CORS_ORIGINS must be a comma-separated list of origins such as',
      );
    },
  );

  it('may be several', () => {
    expect(faultsOf(`${ORIGIN}, http://localhost:8080`)).toBe('');
  });
});

describe('pages of other origins', () => {
  let testApp: TestApp;
  let client: Client;
  let visitor: Client;
  let closed: RunningGateway;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false, env: { CORS_ORIGINS: `${ORIGIN},http://localhost:8080` } });
    closed = await testApp.startGateway({ CORS_ORIGINS: '' });
    client = testApp.client;
    visitor = testApp.newClient(testApp.url, null);
  });
  afterAll(() => testApp.end());

  const exposed = [
    'Request-Id, Location, Retry-After, Preference-Applied, Idempotency-Replayed, Link',
    'WWW-Authenticate, Allow, RateLimit, RateLimit-Policy',
  ].join(', ');
  const allowed = { vary: 'Origin', 'access-control-allow-origin': ORIGIN, 'access-control-expose-headers': exposed };

  const v1 = Object.values(ROUTES).filter(({ path }) => path.startsWith('/v1/'));
  it.each(v1)('are told before they ask, without a credential: $method $path', async ({ method, path }) => {
    const reply = await visitor.send('OPTIONS', path.replace(/:\w+/, 'x'), { headers: preflight(ORIGIN, method) });
    expect([reply.status, reply.text]).toEqual([204, '']);
    const { 'access-control-allow-methods': methods, ...rest } = corsOf(reply);
    expect(String(methods).split(', ')).toContain(method);
    expect(rest).toEqual({
      ...allowed,
      'access-control-allow-headers':
        'Authorization, Content-Type, Prefer, Idempotency-Key, Last-Event-ID, Traceparent',
      'access-control-max-age': '600',
    });
  });

  it('may read the document, and are told so', async () => {
    expect(corsOf(await visitor.send('GET', '/openapi.json', { headers: { origin: ORIGIN } }))).toEqual(allowed);
    const reply = await visitor.send('OPTIONS', '/openapi.json', { headers: preflight(ORIGIN, 'GET') });
    expect([reply.status, corsOf(reply)['access-control-allow-methods']]).toEqual([204, 'GET, HEAD']);
  });

  const replies: [string, number, (headers: Record<string, string>) => Promise<Reply<unknown>>][] = [
    ['a session', 202, (headers) => client.create({ headers })],
    ['no credential', 401, (headers) => visitor.create({ headers })],
    ['no scope', 403, async (headers) => (await testApp.clientWith('tokens:read')).create({ headers })],
    ['nothing there', 404, (headers) => client.send('GET', unknown, { headers })],
    ['no such path', 404, (headers) => client.send('GET', '/v1/nothing', { headers })],
    ['no such method', 405, (headers) => client.send('PATCH', unknown, { headers })],
    ['no JSON', 400, (headers) => client.create({ body: '{', headers })],
    ['not valid', 422, (headers) => client.create({ body: [], headers })],
    ['too large', 413, (headers) => client.create({ body: 'x'.repeat(70_000), headers })],
    ['a path that cannot be decoded', 400, (headers) => client.send('GET', '/v1/sessions/%zz', { headers })],
    ['a path that is too long', 414, (headers) => client.send('GET', `/v1/sessions/${'x'.repeat(3000)}`, { headers })],
  ];
  it.each(replies)('can read the answer: %s (%i)', async (_name, status, send) => {
    const reply = await send({ origin: ORIGIN });
    expect([reply.status, corsOf(reply)]).toEqual([status, allowed]);
  });

  it.each(replies)('that are not listed cannot: %s (%i)', async (_name, status, send) => {
    for (const origin of OTHERS) {
      const reply = await send({ origin });
      // What may change something is refused before anything else is looked at.
      const refused = reply.status === 403;
      expect([reply.status, corsOf(reply)]).toEqual([refused ? 403 : status, { vary: 'Origin' }]);
      if (refused) expect(reply.text).toMatch(/origin-not-allowed|insufficient-scope/);
    }
  });

  it('can follow a session', async () => {
    const { body } = await client.create();
    const leaving = new AbortController();
    const reply = await fetch(`${testApp.url}/v1/sessions/${body.id}/events`, {
      headers: { authorization: `Bearer ${testApp.apiKey}`, origin: ORIGIN },
      signal: leaving.signal,
    });
    expect(corsOf({ headers: Object.fromEntries(reply.headers) })).toEqual(allowed);
    leaving.abort();
  });

  it('can read that it is overloaded (503)', async () => {
    const full = await testApp.startGateway({ MAX_SSE_CONNECTIONS: '0' });
    const { body } = await client.create();
    const reply = await full.client.send('GET', `/v1/sessions/${body.id}/events`, { headers: { origin: ORIGIN } });
    expect([reply.status, corsOf(reply)]).toEqual([503, allowed]);
    await full.close();
    testApp.gateways.pop();
  });

  it('get no other part of the server', async () => {
    for (const path of ['/livez', '/readyz', '/docs', '/room/create', '/nothing']) {
      expect(corsOf(await visitor.send('GET', path, { headers: { origin: ORIGIN } }))).toEqual({});
      const asked = await visitor.send('OPTIONS', path, { headers: preflight(ORIGIN, 'GET') });
      expect([path, asked.status >= 400, corsOf(asked)]).toEqual([path, true, {}]);
    }
  });

  it('are told by an OPTIONS only if it is a preflight, be its path never so odd', async () => {
    expect((await client.send('OPTIONS', '/v1/sessions', { headers: { origin: ORIGIN } })).status).toBe(405);
    const head = `OPTIONS /v1/sessions/%zz HTTP/1.1\r\nhost: x\r\norigin: ${ORIGIN}\r\naccess-control-request-method: GET\r\n\r\n`;
    const reply = await sendRaw(testApp.url, head);
    expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([204, ORIGIN]);
    expect((await client.send('GET', '/livez')).status).toBe(200);
  });

  it('cannot do anything where none is listed', async () => {
    const reply = await closed.client.create({ headers: { origin: ORIGIN } });
    expect([reply.status, corsOf(reply)]).toEqual([403, {}]);
    const asked = await closed.client.send('OPTIONS', '/v1/sessions', { headers: preflight(ORIGIN, 'POST') });
    expect([asked.status, corsOf(asked)]).toEqual([405, {}]);
  });
});
