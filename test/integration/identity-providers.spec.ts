import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { CertificateAuthority } from '../support/certificates.js';
import { ConnectProxy } from '../support/connect-proxy.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { settingsIn, snippet } from '../support/snippets.js';
import { TestApp } from '../support/test-app.js';

const DOCUMENT = 'docs/identity-providers.md';

/** Access tokens as each provider documents them, without what the test's provider adds: iss, sub, iat, exp, aud. */
interface Shape {
  host: JWTPayload;
  viewer: JWTPayload;
  /** What makes it a token for another audience. */
  foreign: Record<string, unknown>;
  /** Of the published keys. */
  keySet?: (keys: Record<string, unknown>[]) => unknown;
}

const UUID = 'b5b1c8f0-7a3e-4a2b-9d52-0f6c1b8c7e11';

const keycloak = (...roles: string[]) => ({
  jti: UUID,
  aud: ['watchtogether', 'account'],
  typ: 'Bearer',
  azp: 'watch-web',
  sid: UUID,
  acr: '1',
  'allowed-origins': ['https://watch.example.com'],
  realm_access: { roles: ['offline_access', 'default-roles-main', 'uma_authorization'] },
  resource_access: { watchtogether: { roles }, account: { roles: ['manage-account', 'view-profile'] } },
  scope: 'openid profile email',
  preferred_username: 'anna',
});
const auth0 = (...permissions: string[]) => ({
  sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
  aud: ['https://watch.example.com/api', 'https://example.eu.auth0.com/userinfo'],
  azp: 'my_client_id',
  scope: 'openid profile',
  permissions,
});
const entra = (...roles: string[]) => ({
  aud: '66666666-7777-8888-9999-000000000000',
  nbf: 1_700_000_000,
  aio: 'AVQAq/8TAAAA',
  azp: UUID,
  azpacr: '0',
  name: 'Anna',
  oid: UUID,
  preferred_username: 'anna@example.com',
  rh: '0.AAAA',
  roles,
  scp: 'access_as_user',
  sub: 'kXTAaZ7b2QGlvhvb1rUSKKTDyUuJgZGpEsVpKlLXWnE',
  tid: '11111111-2222-3333-4444-555555555555',
  uti: 'x',
  ver: '2.0',
});
const okta = (...scopes: string[]) => ({
  ver: 1,
  jti: 'AT.x',
  aud: 'api://default',
  cid: '0oa1',
  uid: '00u1',
  scp: ['openid', 'profile', ...scopes],
  auth_time: 1_700_000_000,
  sub: 'anna@example.com',
});
const cognito = (...scopes: string[]): JWTPayload & { aud?: string } => ({
  sub: UUID,
  aud: undefined as unknown as string,
  'cognito:groups': ['viewers'],
  client_id: '1example23456789',
  origin_jti: UUID,
  event_id: UUID,
  token_use: 'access',
  scope: ['openid', ...scopes.map((scope) => `watchtogether/${scope}`)].join(' '),
  auth_time: 1_700_000_000,
  version: 2,
  jti: UUID,
  username: 'anna',
});

const HOST = ['rooms:open', 'sessions:read', 'sessions:close', 'tokens:read'];
const VIEWER = ['sessions:read', 'tokens:read'];

const SHAPES: Record<string, Shape> = {
  keycloak: {
    host: keycloak('host'),
    viewer: keycloak('viewer'),
    foreign: { aud: 'account' },
    // Keycloak publishes its key for encryption in the same set.
    keySet: (keys) => ({ keys: [{ ...keys[0], kid: 'enc', use: 'enc', alg: 'RSA-OAEP' }, ...keys] }),
  },
  auth0: { host: auth0(...HOST), viewer: auth0(...VIEWER), foreign: { aud: 'https://example.eu.auth0.com/userinfo' } },
  'entra-id': {
    host: entra('Watch.Host'),
    viewer: entra('Watch.Viewer'),
    foreign: { aud: '00000003-0000-0000-c000-000000000000' },
    // Entra ID's keys name no algorithm.
    keySet: (keys) => ({ keys: keys.map(({ alg: _alg, ...key }) => ({ ...key, x5t: key.kid, issuer: 'x' })) }),
  },
  okta: { host: okta(...HOST), viewer: okta(...VIEWER), foreign: { aud: 'https://example.okta.com' } },
  cognito: { host: cognito(...HOST), viewer: cognito(...VIEWER), foreign: { client_id: 'another-client' } },
};

let authority: CertificateAuthority;
let proxy: ConnectProxy;
let testApp: TestApp;
beforeAll(async () => {
  authority = new CertificateAuthority();
  proxy = await ConnectProxy.start();
  testApp = await TestApp.open({ worker: false });
});
afterAll(async () => {
  await testApp.end();
  await proxy.close();
  authority.remove();
});

it('every provider of the document is tested', () => {
  const headings = Object.keys(SHAPES).map((name) => snippet(DOCUMENT, name));
  expect(headings).toHaveLength(5);
});

/** Reached by its real name: through a proxy, with a certificate of an authority of the test. */
describe.each(Object.entries(SHAPES))('%s, with the settings of the document', (name, shape) => {
  let provider: IdentityProvider;
  let url: string;
  beforeAll(async () => {
    const settings = settingsIn(DOCUMENT, name);
    const { hostname } = new URL(settings.OIDC_ISSUER ?? '');
    provider = await IdentityProvider.start({ issuer: settings.OIDC_ISSUER ?? '', tls: authority.issue(hostname) });
    if (shape.keySet !== undefined) provider.keySet = shape.keySet;
    proxy.routes.set(`${hostname}:443`, provider.port);
    const way = { HTTPS_PROXY: `127.0.0.1:${String(proxy.port)}`, EXTRA_CA_CERTS: authority.file };
    ({ url } = await testApp.startGateway({ ...settings, ...way }));
  });
  afterAll(() => provider.close());

  const clientWith = async (claims: object) => {
    const token = await provider.token('anna', { claims: claims as Record<string, unknown> });
    return testApp.newClient(url, token);
  };

  it('a host opens and closes rooms', async () => {
    const host = await clientWith(shape.host);
    const opened = await eventually(async () => {
      const reply = await host.openRoom(`of ${name}`);
      expect(reply.status).toBe(202);
      return reply;
    });
    expect((await host.close(opened.body.id)).status).toBe(204);
  });

  it('a viewer reads sessions and opens none', async () => {
    const viewer = await clientWith(shape.viewer);
    expect((await viewer.read(`ses_${'x'.repeat(22)}`)).status).toBe(404);
    expect((await viewer.openRoom('not-opened')).status).toBe(403);
  });

  it('a token for another service is rejected', async () => {
    const foreign = await clientWith({ ...shape.host, ...shape.foreign });
    expect((await foreign.read(`ses_${'x'.repeat(22)}`)).status).toBe(401);
  });
});
