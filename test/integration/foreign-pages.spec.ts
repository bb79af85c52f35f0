import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '../../apps/gateway/src/routing/routes.js';
import { TestApp } from '../support/test-app.js';

const LISTED = 'https://watch.example';
const SENT = [
  ['an origin that is not listed', { origin: 'https://evil.example' }],
  ['an origin that is not listed, on the same site', { origin: 'https://evil.example', 'sec-fetch-site': 'same-site' }],
  ['the origin null', { origin: 'null' }],
  ['the origin null of a sandboxed frame', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
  ['a page of another site, without an origin', { 'sec-fetch-site': 'cross-site' }],
  ['a page of the same site, without an origin', { 'sec-fetch-site': 'same-site' }],
  ['an origin that is no origin', { origin: 'evil' }],
] as const;

/** As routed: the routes that may change something. */
const CHANGING = Object.values(ROUTES)
  .filter(({ method }) => method !== 'GET')
  .map(
    ({ method, path }) =>
      [method, path.replace(':room', 'foreign').replace(':tokenId', `ses_${'x'.repeat(22)}`)] as const,
  );

describe('a page of another site', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    const env = { ROOM_API: 'on', ROOM_API_ORIGINS: LISTED, CORS_ORIGINS: LISTED };
    testApp = await TestApp.open({ env });
  });
  afterAll(() => testApp.end());

  describe.each(SENT)('that sends %s', (_name, headers: Record<string, string>) => {
    it.each(CHANGING)('changes nothing by %s %s, and nothing is made', async (method, path) => {
      const before = await testApp.sessions();
      const reply = await testApp.client.send(method, path, { headers });
      expect(reply.status).toBe(403);
      if (path.startsWith('/v1')) expect(reply.body).toMatchObject({ code: 'origin-not-allowed' });
      else expect(Object.keys(reply.body)).toEqual(['error']);
      expect(await testApp.sessions()).toBe(before);
      expect((await testApp.cas.summary()).stream.calls).toBe(0);
    });

    it('does not get the development key either', async () => {
      const { url } = await testApp.startGateway({ NODE_ENV: 'development', DEMO_LINK_SECRET: 's'.repeat(20) });
      const reply = await testApp
        .newClient(url, null)
        .send<{ key?: string }>('POST', '/demo/key', { headers, body: { secret: 's'.repeat(20) } });
      expect([reply.status, reply.body.key]).toEqual([403, undefined]);
    });
  });

  it.each([
    ['an app or a server, which send neither header', {}],
    ['a listed origin', { origin: LISTED, 'sec-fetch-site': 'cross-site' }],
    ['a page of this server', { 'sec-fetch-site': 'same-origin' }],
    ['a person who typed the address', { 'sec-fetch-site': 'none' }],
  ])('is not %s', async (_name, headers: Record<string, string>) => {
    expect((await testApp.client.openRoom('own', { headers })).status).toBeLessThan(300);
  });

  it('is not a page of this server in a browser that sends no Sec-Fetch-Site', async () => {
    expect((await testApp.client.openRoom('own', { headers: { origin: testApp.url } })).status).toBeLessThan(300);
  });
});
