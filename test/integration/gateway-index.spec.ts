import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Session } from '../support/client.js';
import { describeWithCurl, runInShell } from '../support/shell.js';
import { TestApp } from '../support/test-app.js';

const LOOPBACK = { HOST: '127.0.0.1' };
const DEVELOPMENT = { ...LOOPBACK, NODE_ENV: 'development' };

describe('GET / of the gateway', () => {
  let testApp: TestApp;
  let url: string;
  beforeAll(async () => {
    testApp = await TestApp.open();
    ({ url } = await testApp.startGateway(DEVELOPMENT));
  });
  afterAll(() => testApp.end());

  const get = (base: string, path = '/', headers = {}) =>
    testApp.newClient(base, null).send<{ code: string }>('GET', path, { headers });
  const linksIn = (text: string) => [...text.matchAll(/^ {2}\S.*? {2,}(http\S+)$/gm)].map(([, link]) => String(link));

  it('lists, in development, what the gateway serves', async () => {
    const { status, headers, text } = await get(url);
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(linksIn(text)).toEqual(['/docs', '/openapi.json', '/demo', '/livez', '/readyz'].map((path) => url + path));
    for (const link of linksIn(text)) {
      expect([link, (await get(url, new URL(link).pathname)).status]).toEqual([link, 200]);
    }
  });

  describeWithCurl()('its command', () => {
    it('opens a room, and contains no key', async () => {
      const { text } = await get(url);
      expect(text).not.toContain(testApp.apiKey);
      const command = /^ {2}(curl .*)$/m.exec(text)?.[1] ?? '';
      const output = await runInShell(command, { API_KEY: testApp.apiKey });
      expect(JSON.parse(output) as Session).toMatchObject({ room: 'derby', status: 'ready' });
    });
  });

  it('repeats nothing of the request', async () => {
    const { text } = await get(url, '/?inserted', { host: 'inserted.example', 'x-forwarded-host': 'inserted.example' });
    expect(text).not.toContain('inserted');
  });

  it('leaves out what is switched off', async () => {
    const bare = await testApp.startGateway({ ...DEVELOPMENT, DEMO: 'off', SWAGGER: 'off' });
    const { text } = await get(bare.url);
    expect(linksIn(text)).toEqual([`${bare.url}/livez`, `${bare.url}/readyz`]);
  });

  it.each(['production', 'test'])('is 404 in %s', async (NODE_ENV) => {
    const gateway = await testApp.startGateway({ ...LOOPBACK, NODE_ENV });
    const { status, body } = await get(gateway.url);
    expect([status, body.code]).toEqual([404, 'not-found']);
  });

  it('is no part of the API', async () => {
    const { text } = await get(url, '/openapi.json');
    expect(Object.keys((JSON.parse(text) as { paths: object }).paths)).not.toContain('/');
  });
});
