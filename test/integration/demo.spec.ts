import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatewayNamespaces, readSettings } from '@app/config';
import { pageFiles } from '../../apps/gateway/src/demo/files.js';
import { TestApp, type RunningGateway } from '../support/test-app.js';

const PAGE = join(import.meta.dirname, '../../apps/gateway/src/demo/page');
const SECRET = 'once-and-never-again-0123456789';
const DEVELOPMENT = { NODE_ENV: 'development', HOST: '127.0.0.1' };

interface Config {
  docs: boolean;
  sdkUrl: string | null;
  sdkIntegrity: string | null;
  networkOrigin: string | null;
}

describe('the watch page', () => {
  let testApp: TestApp;
  const gateways: RunningGateway[] = [];
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
  });
  afterAll(() => testApp.end());

  const start = async (env: Record<string, string>) => {
    const gateway = await testApp.startGateway(env);
    gateways.push(gateway);
    return gateway.url;
  };
  const get = (url: string, headers: Record<string, string> = {}) => {
    const { origin, pathname } = new URL(url);
    return testApp.newClient(origin, null).send('GET', pathname, { headers });
  };
  const keyFor = async (url: string, secret: unknown, headers: Record<string, string> = {}) => {
    const client = testApp.newClient(new URL(url).origin, null);
    const reply = await client.send<{ key: string | null }>('POST', '/demo/key', { body: { secret }, headers });
    expect([reply.status, reply.headers['cache-control']]).toEqual([200, 'no-store']);
    return reply.body.key;
  };
  const config = async (url: string, headers: Record<string, string> = {}) => {
    const reply = await get(`${url}/demo/config.json`, headers);
    expect(reply.status).toBe(200);
    expect(reply.headers['cache-control']).toBe('no-store');
    return JSON.parse(reply.text) as Config;
  };

  it('is off outside development', async () => {
    expect((await get(`${testApp.url}/demo`)).status).toBe(404);
    expect((await get(`${testApp.url}/demo/config.json`)).status).toBe(404);
    const production = await start({ NODE_ENV: 'production', HOST: '127.0.0.1' });
    expect((await get(`${production}/demo`)).status).toBe(404);
  });

  it('can be switched off in development', async () => {
    const url = await start({ ...DEVELOPMENT, DEMO: 'off' });
    expect((await get(`${url}/demo`)).status).toBe(404);
  });

  describe.each(['production', 'test'])('with DEMO=on in %s', (environment) => {
    let url: string;
    beforeAll(async () => {
      url = await start({ NODE_ENV: environment, HOST: '127.0.0.1', DEMO: 'on' });
    });

    it('is there, with all it loads', async () => {
      for (const { path, type, content } of pageFiles()) {
        const reply = await get(`${url}${path}`);
        expect([path, reply.status, reply.headers['content-type']]).toEqual([path, 200, type]);
        expect(reply.text).toBe(content.toString('utf8'));
      }
    });

    it('never hands out the key, whatever the configuration', async () => {
      expect(await config(url)).toEqual({ docs: true, sdkUrl: null, sdkIntegrity: null, networkOrigin: null });
      const told = await start({ NODE_ENV: environment, HOST: '127.0.0.1', DEMO: 'on', DEMO_LINK_SECRET: SECRET });
      expect(await keyFor(told, SECRET)).toBeNull();
    });

    it('allows its own origin alone', async () => {
      for (const path of ['/demo', '/demo/page.js', '/demo/config.json']) {
        const { headers } = await get(`${url}${path}`);
        expect(headers['content-security-policy']).toBe(
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        );
        expect(headers['referrer-policy']).toBe('no-referrer');
        expect(headers['x-content-type-options']).toBe('nosniff');
      }
    });
  });

  it('tells where the network reaches it, in development and if it listens there', async () => {
    const devices = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const known = devices.filter(({ family, internal }) => family === 'IPv4' && !internal);
    const originOf = async (env: Record<string, string>) => {
      const url = await start({ DEMO: 'on', ...env });
      return { port: new URL(url).port, origin: (await config(url)).networkOrigin };
    };
    const everywhere = await originOf({ NODE_ENV: 'development', HOST: '0.0.0.0' });
    const origins = known.map(({ address }) => `http://${address}:${everywhere.port}`);
    expect(everywhere.origin === null ? [] : [everywhere.origin]).toEqual(origins.slice(0, 1));
    expect((await originOf(DEVELOPMENT)).origin).toBeNull();
    expect((await originOf({ NODE_ENV: 'production', HOST: '0.0.0.0' })).origin).toBeNull();
  });

  describe('in development', () => {
    let url: string;
    beforeAll(async () => {
      url = await start(DEVELOPMENT);
    });

    it('hands the key once, to the page that brings the secret of the printed link', async () => {
      const own = await start({ ...DEVELOPMENT, DEMO_LINK_SECRET: SECRET });
      for (const wrong of ['', 'x', SECRET.slice(1), `${SECRET}x`, 1, null, [SECRET], { secret: SECRET }]) {
        expect(await keyFor(own, wrong)).toBeNull();
      }
      expect(await keyFor(own, SECRET)).toBe(testApp.apiKey);
      expect(await keyFor(own, SECRET)).toBeNull();
    });

    it.each([
      ['this machine', {}],
      ['localhost', { host: 'localhost' }],
      ['a page of its own', { 'sec-fetch-site': 'same-origin' }],
      ['a proxy or tunnel', { 'x-forwarded-for': '203.0.113.7' }],
    ])('does not hand it to %s for being that', async (_who, headers: Record<string, string>) => {
      expect((await get(`${url}/demo/config.json`, headers)).text).not.toContain('wtk_');
      expect(await keyFor(url, undefined, headers)).toBeNull();
    });

    it('is no part of the API', async () => {
      const { text } = await get(`${url}/openapi.json`);
      expect(text).not.toContain('/demo');
    });
  });

  it('allows the origin of the configured SDK, and no other', async () => {
    const url = await start({ ...DEVELOPMENT, DEMO_SDK_URL: 'https://sdk.example/v2/wt.js?x=1' });
    const { headers } = await get(`${url}/demo`);
    expect(headers['content-security-policy']).toContain("script-src 'self' https://sdk.example;");
    expect(headers['content-security-policy']).toContain("connect-src 'self' https://sdk.example;");
    expect(await config(url)).toMatchObject({ sdkUrl: 'https://sdk.example/v2/wt.js?x=1' });
  });

  it.each([
    'http://sdk.example/x.js',
    'https://sdk.example;x/x.js',
    'https://u:p@sdk.example/x.js',
    'javascript:1',
    'x',
  ])('does not start with the SDK at %s', (DEMO_SDK_URL) => {
    const environment = { DATABASE_URL: 'postgres://db/x', TOKEN_ENCRYPTION_KEYS: testApp.sealingKeys, DEMO_SDK_URL };
    expect(() => readSettings(gatewayNamespaces, environment)).toThrow(/DEMO_SDK_URL must be an https URL/);
  });

  it('has no script or style in its markup, and keeps nothing', () => {
    const html = readFileSync(join(PAGE, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=/i);
    const scripts = readdirSync(PAGE)
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(join(PAGE, name), 'utf8'))
      .join('\n');
    expect(scripts).not.toMatch(/localStorage|sessionStorage|indexedDB|document\.cookie|innerHTML|insertAdjacentHTML/);
  });

  it('serves every file of the page', () => {
    const served = pageFiles().map(({ path }) => path.replace(/^\/demo$/, '/demo/index.html'));
    expect(served).toEqual(expect.arrayContaining(readdirSync(PAGE).map((name) => `/demo/${name}`)));
  });
});
