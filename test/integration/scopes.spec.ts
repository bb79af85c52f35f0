import { type Scope, SCOPES } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Route, ROUTES } from '../../apps/gateway/src/routing/routes.js';
import document from '../../openapi.json' with { type: 'json' };
import type { Client } from '../support/client.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestApp } from '../support/test-app.js';

/** Every route that needs a scope, from the one table. */
const guarded = Object.entries<Route>(ROUTES).filter(([, { scope }]) => scope !== null);
const ID = `ses_${'x'.repeat(22)}`;
const pathOf = ({ path }: Route) => path.replace(':room', 'nobody').replace(':tokenId', ID);

let provider: IdentityProvider;
let testApp: TestApp;
beforeAll(async () => {
  provider = await IdentityProvider.start();
  testApp = await TestApp.open({ worker: false, env: { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch' } });
});
afterAll(async () => {
  await testApp.end();
  await provider.close();
});

const ask = async (client: Client, route: Route) => {
  const reply = await client.send<{ code?: string } | undefined>(route.method, pathOf(route));
  return { status: reply.status, code: reply.body?.code };
};

/** What the API's documents promise, written down a second time: a wrong scope in the table must not pass unnoticed. */
const PROMISED = {
  createSession: 'sessions:create',
  listSessions: 'admin',
  openRoom: 'rooms:open',
  readRoom: 'rooms:open',
  readSession: 'sessions:read',
  streamSession: 'sessions:read',
  closeSession: 'sessions:close',
  retrySession: 'sessions:create',
  readAudit: 'admin',
};

describe('the table of routes', () => {
  it('asks each route for the scope that is promised', () => {
    expect(Object.fromEntries(guarded.map(([name, { scope }]) => [name, scope]))).toEqual(PROMISED);
  });

  it('has every operation of the OpenAPI document, and the other way round', () => {
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations)
        .filter((method) => ['get', 'put', 'post', 'delete'].includes(method))
        .map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const routes = Object.values<Route>(ROUTES).map(({ method, path }) => `${method} ${path}`);
    expect(documented.sort()).toEqual(routes.sort());
  });
});

describe.each(guarded)('%s', (_name, route) => {
  it('is 401 without a credential, with a wrong, an expired and a revoked one', async () => {
    const [expired, revoked] = [await testApp.clientWith('admin'), await testApp.clientWith('admin')];
    const idOf = (client: Client) => client.apiKey?.split('_')[1];
    await testApp.database.rows(`UPDATE api_keys SET expires_at = now() WHERE id = $1`, [idOf(expired)]);
    await testApp.database.rows(`UPDATE api_keys SET revoked_at = now() WHERE id = $1`, [idOf(revoked)]);
    const wrong = testApp.newClient(testApp.url, `wtk_${idOf(revoked) ?? ''}_${'x1'.repeat(24)}`);
    const ended = testApp.newClient(testApp.url, await provider.token('anna', { claims: { exp: 1, scope: 'admin' } }));
    for (const client of [testApp.newClient(testApp.url, null), wrong, expired, revoked, ended]) {
      expect(await ask(client, route)).toEqual({ status: 401, code: 'unauthenticated' });
    }
  });

  it.each(SCOPES.map((scope) => [scope]))('with the scope %s alone, of a key and of a person', async (scope: Scope) => {
    const key = await testApp.clientWith(scope);
    // A person of their own, since one may ask 20 times a second.
    const sub = `${route.method} ${route.path} ${scope}`;
    const person = testApp.newClient(testApp.url, await provider.token(sub, { claims: { scope } }));
    const letIn = scope === route.scope || scope === 'admin';
    for (const client of [key, person]) {
      const { status, code } = await ask(client, route);
      expect([status === 401, code === 'insufficient-scope']).toEqual([false, !letIn]);
      if (!letIn) expect(status).toBe(403);
    }
  });
});
