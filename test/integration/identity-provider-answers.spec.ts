import { Egress } from '@app/egress';
import { Metrics } from '@app/observability';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { exportJWK } from 'jose';
import { RemoteJwks } from '../../apps/gateway/src/auth/remote-jwks.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestApp } from '../support/test-app.js';

const HOURS_MS = 3_600_000;

let provider: IdentityProvider;
let testApp: TestApp;
beforeAll(async () => {
  provider = await IdentityProvider.start();
  testApp = await TestApp.open({
    worker: false,
    env: { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch, tv', LOG_LEVEL: 'debug' },
  });
});
afterAll(async () => {
  await testApp.end();
  await provider.close();
});
afterEach(() => {
  provider.discovery = (document) => document;
  provider.keySet = (keys) => ({ keys });
  provider.away = false;
});

const read = async (token: string, url = testApp.url) =>
  (await testApp.newClient(url, token).read(`ses_${'x'.repeat(22)}`)).status;
/** Of a token that is accepted: what was asked for is not there, or not permitted. */
const ACCEPTED = 403;

describe('a key set', () => {
  it('with entries that cannot be used is used without them', async () => {
    const odd = [null, 'key', { kty: 'AKP', kid: 'a' }, { kty: 'RSA', kid: 'b' }, { kty: 'oct', k: 'c2VjcmV0' }];
    provider.keySet = (keys) => ({ keys: [...odd, { ...keys[0], kid: 'enc', use: 'enc' }, ...keys] });
    const { url } = await testApp.startGateway();
    expect(await read(await provider.token('anna'), url)).toBe(ACCEPTED);
  });

  it('may give one id to several keys, or none to any: all of them are tried', async () => {
    const other = await provider.addKey('RS256');
    const foreign = await provider.addKey('RS256', { publish: false });
    const pairs = [provider.key, other];
    provider.keySet = (keys) => ({ keys: keys.map((key) => ({ ...key, kid: 'the-same' })) });
    const same = await testApp.startGateway();
    for (const pair of pairs) {
      expect(await read(await provider.token('anna', { pair, header: { kid: 'the-same' } }), same.url)).toBe(ACCEPTED);
    }
    expect(await read(await provider.token('eve', { pair: foreign, header: { kid: 'the-same' } }), same.url)).toBe(401);

    provider.keySet = (keys) => ({ keys: keys.map(({ kid: _kid, ...key }) => key) });
    const nameless = await testApp.startGateway();
    for (const pair of pairs) {
      expect(await read(await provider.token('anna', { pair, header: { kid: undefined } }), nameless.url)).toBe(
        ACCEPTED,
      );
    }
  });

  it('is tried whole for a token that names no key', async () => {
    for (const pair of [provider.key, await provider.addKey('RS256')]) {
      const { url } = await testApp.startGateway();
      expect(await read(await provider.token('anna', { pair, header: { kid: undefined } }), url)).toBe(ACCEPTED);
    }
  });
});

describe('keys that the provider no longer publishes', () => {
  let ahead = 0;
  let lines: unknown[][];
  let jwks: RemoteJwks;
  let metrics: Metrics;
  const realNow = performance.now.bind(performance);

  beforeEach(() => {
    ahead = 0;
    lines = [];
    jest.spyOn(performance, 'now').mockImplementation(() => realNow() + ahead);
    metrics = new Metrics();
    const settings = { issuer: provider.issuer, jwksUrl: undefined };
    const log = { warn: (...line: unknown[]) => void lines.push(line) };
    jwks = new RemoteJwks(
      { get: () => settings } as never,
      new Egress({ proxy: undefined, noProxy: '', extraCa: [] }),
      metrics,
      log as never,
    );
  });
  afterEach(async () => {
    await jwks.onApplicationShutdown();
    jest.restoreAllMocks();
  });

  const known = () => jwks.keysFor({ algorithm: 'RS256', kid: provider.key.kid });
  const gauge = async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value;
  /** As a token with an unknown key, or the timer, makes it read them again. */
  async function refresh(): Promise<void> {
    ahead += 31_000;
    await jwks.keysFor({ algorithm: 'RS256', kid: 'unknown' }).catch(() => undefined);
  }

  it.each<[string, object[]]>([
    ['an empty set', []],
    ['a set without a usable key', [{ kty: 'oct', k: 'c2VjcmV0' }]],
  ])('stay valid for 24 h after %s, with one warning and a metric', async (_what, keys) => {
    await refresh();
    expect(await known()).toHaveLength(1);
    expect([await gauge('identity_provider_up'), await gauge('identity_provider_keys')]).toEqual([
      1,
      expect.any(Number),
    ]);
    provider.keySet = () => ({ keys });
    for (let i = 0; i < 3; i++) await refresh();
    ahead += 23 * HOURS_MS;
    await refresh();
    expect(await known()).toHaveLength(1);
    expect(await gauge('identity_provider_up')).toBe(0);
    expect(lines.map(([, message]) => message)).toEqual([
      'identity provider publishes no usable key: the previous keys stay valid for 24 h',
    ]);

    ahead += HOURS_MS;
    await refresh();
    await expect(known()).rejects.toThrow();
    expect(await gauge('identity_provider_keys')).toBe(0);
    provider.keySet = (published) => ({ keys: published });
    await refresh();
    expect(await known()).toHaveLength(1);
    expect(lines.slice(1).map(([, message]) => message)).toEqual([
      'identity provider publishes no usable key: the previous keys are withdrawn',
      'identity provider available again',
    ]);
  });

  it('are dropped as soon as it publishes others', async () => {
    await refresh();
    const { kid } = provider.key;
    provider.keySet = (published) => ({ keys: published.filter((key) => key.kid !== kid) });
    await provider.addKey('ES256');
    await refresh();
    await expect(known()).rejects.toThrow();
  });

  it('stay valid without an end while it does not answer', async () => {
    await refresh();
    provider.away = true;
    ahead += 100 * HOURS_MS;
    await refresh();
    expect(await known()).toHaveLength(1);
  });

  it.each<[string, () => void, RegExp]>([
    [
      'a discovery document of another issuer',
      () => (provider.discovery = (document) => ({ ...document, issuer: `${provider.issuer}/` })),
      /^127\.0\.0\.1:\d+\/\.well-known\/openid-configuration names another issuer than OIDC_ISSUER: http:\/\/127\.0\.0\.1:\d+\/$/,
    ],
    [
      'one that names keys at a less secure address',
      () => (provider.discovery = (document) => ({ ...document, jwks_uri: 'http://keys.example.com/' })),
      /names a jwks_uri less secure than the issuer, on keys\.example\.com:80$/,
    ],
    ['one that is none', () => (provider.discovery = () => ({ hush: 1 })), /is not a discovery document/],
    ['a page', () => (provider.discovery = () => '<html>hush</html>'), /did not answer with JSON$/],
    ['keys that are none', () => (provider.keySet = () => ['hush']), /\/keys is not a JSON Web Key Set$/],
    ['too much', () => (provider.keySet = () => 'x'.repeat(300_000)), /\/keys answered with more than 256 KiB$/],
  ])('stay valid after %s, which is logged as what it is, once', async (_what, answer, reason) => {
    await refresh();
    answer();
    for (let i = 0; i < 3; i++) await refresh();
    expect(await known()).toHaveLength(1);
    expect(lines).toEqual([
      [
        { identityProvider: provider.issuer.slice('http://'.length), reason: expect.stringMatching(reason) },
        'answer of the identity provider refused: known keys stay valid, tokens with unknown keys are refused with 503',
      ],
    ]);
    expect(JSON.stringify(lines)).not.toContain('hush');
  });

  it('that does not answer is logged with its status', async () => {
    provider.away = true;
    await refresh();
    expect(lines).toMatchObject([[{ reason: expect.stringMatching(/answered with status 503$/) }, expect.anything()]]);
  });
});

describe('a token without aud', () => {
  const without = (claims: object) => provider.token('anna', { claims: { aud: undefined, ...claims } });

  it('is accepted with one of our audiences in the configured claim, and in no other case', async () => {
    const { url } = await testApp.startGateway({ OIDC_CLIENT_ID_CLAIM: 'client_id' });
    expect(await read(await without({ client_id: 'tv' }), url)).toBe(ACCEPTED);
    expect(await read(await without({ client_id: 'else' }), url)).toBe(401);
    expect(await read(await without({ client_id: ['tv'] }), url)).toBe(401);
    expect(await read(await without({ azp: 'tv' }), url)).toBe(401);
    expect(await read(await without({ aud: 'else', client_id: 'tv' }), url)).toBe(401);
    expect(await read(await without({ aud: [], client_id: 'tv' }), url)).toBe(401);
    expect(await read(await without({ aud: null, client_id: 'tv' }), url)).toBe(401);
    expect(await read(await provider.token('anna', { claims: { aud: 'tv' } }), url)).toBe(ACCEPTED);
  });

  it('is rejected by default', async () => {
    expect(await read(await without({ client_id: 'tv', azp: 'tv' }))).toBe(401);
  });
});

it('a claim named like an internal field is only a claim', async () => {
  expect(await read(await provider.token('anna', { claims: { rejected: 'ended', reason: 'x', claims: {} } }))).toBe(
    ACCEPTED,
  );
});

describe('the reason for a 401', () => {
  const past = 1000;
  const future = Math.floor(Date.now() / 1000) + 600;

  it.each<[string, () => Promise<string>]>([
    ['expired', () => provider.token('eve', { claims: { exp: past } })],
    ['not-yet-valid', () => provider.token('eve', { claims: { nbf: future } })],
    ['wrong-audience', () => provider.token('eve', { claims: { aud: 'else' } })],
    ['wrong-issuer', () => provider.token('eve', { claims: { iss: 'https://else.example' } })],
    ['no-subject', () => provider.token(undefined)],
    ['no-expiry', () => provider.token('eve', { claims: { exp: undefined } })],
    ['unusable-subject', () => provider.token('a\0b')],
    ['unknown-key', () => provider.token('eve', { header: { kid: 'unknown' } })],
    ['bad-signature', async () => `${(await provider.token('eve')).slice(0, -8)}AAAAAAAA`],
    ['algorithm-not-accepted', async () => provider.token('eve', { pair: await provider.addKey('RS512') })],
    ['malformed', () => Promise.resolve('eyJ.eyJ.eyJ')],
  ])('%s is in the log at debug, with the request, and not in the reply', async (reason, token) => {
    const client = testApp.newClient(testApp.url, await token());
    const reply = await client.read(`ses_${'x'.repeat(22)}`);
    expect(reply.status).toBe(401);
    expect(reply.text).not.toContain(reason);
    await eventually(() => {
      const requestId = reply.headers['request-id'];
      const lines = testApp.log.filter((line) => line.requestId === requestId);
      expect(lines).toMatchObject([
        { level: 20, msg: 'credential rejected', reason },
        { msg: 'request', status: 401, code: 'unauthenticated' },
      ]);
    });
  });
});

it('a private key that is published by mistake verifies as its public one', async () => {
  const pair = await provider.addKey('ES256', { publish: false });
  const jwk = { ...(await exportJWK(pair.privateKey)), kid: pair.kid };
  provider.keySet = () => ({ keys: [jwk] });
  const { url } = await testApp.startGateway();
  expect(await read(await provider.token('anna', { pair }), url)).toBe(ACCEPTED);
});
