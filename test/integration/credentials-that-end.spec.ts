import { once } from 'node:events';
import { request } from 'node:http';
import { AuditRepository } from '@app/entities';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SessionWaiter } from '../../apps/gateway/src/sessions/session-waiter.js';
import type { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestApp } from '../support/test-app.js';

describe('a credential that ends while its request is under way', () => {
  let testApp: TestApp;
  let provider: IdentityProvider;
  beforeAll(async () => {
    provider = await IdentityProvider.start();
    const env = { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch' };
    testApp = await TestApp.open({ env, worker: false });
  });
  afterAll(async () => {
    await testApp.end();
    await provider.close();
  });

  const idOf = (client: Client) => client.apiKey?.split('_')[1];
  const revoke = (client: Client) =>
    testApp.database.rows('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [idOf(client)]);
  const scopes = (client: Client, ...list: string[]) =>
    testApp.database.rows('UPDATE api_keys SET scopes = $2 WHERE id = $1', [idOf(client), list]);

  /** Waits with `client` for a room that no worker serves yet, does `meanwhile`, and makes it ready 5 s later. */
  async function heldRead(client: Client, room: string, meanwhile: () => Promise<unknown>) {
    const { body } = await testApp.client.openRoom(room);
    const held = client.read(body.id, { wait: 20 });
    await meanwhile();
    // Until caches of credentials have forgotten it: 5 s are promised.
    await eventually(async () => {
      expect((await client.read(body.id)).status).not.toBe(200);
    }, 5000);
    await testApp.startWorker();
    const reply = await held;
    await testApp.stopWorker();
    return reply;
  }

  it('by being revoked gets no token at the end of its wait', async () => {
    const client = await testApp.clientWith('sessions:read', 'tokens:read');
    const reply = await heldRead(client, 'revoked-meanwhile', () => revoke(client));
    expect([reply.status, reply.body.tokens]).toEqual([401, undefined]);
  }, 30_000);

  it('by losing the scope of its route is refused at the end of its wait', async () => {
    const client = await testApp.clientWith('sessions:read', 'tokens:read');
    const reply = await heldRead(client, 'narrowed-meanwhile', () => scopes(client, 'sessions:create'));
    expect([reply.status, reply.text.includes('eyJ')]).toEqual([403, false]);
  }, 30_000);

  it('by running out, as a JWT, gets no token at the end of its wait', async () => {
    const token = await provider.token('anna', {
      claims: { scope: 'sessions:read tokens:read', exp: Math.floor(Date.now() / 1000) - 3 },
    });
    const client = testApp.newClient(testApp.url, token);
    const reply = await heldRead(client, 'expired-meanwhile', () => Promise.resolve());
    expect([reply.status, reply.text.includes('eyJ')]).toEqual([401, false]);
  }, 30_000);

  it('while its body arrives changes nothing', async () => {
    const client = await testApp.clientWith('sessions:create');
    const { hostname, port } = new URL(testApp.url);
    const slow = request({
      hostname,
      port,
      method: 'POST',
      path: '/v1/sessions',
      headers: {
        authorization: `Bearer ${String(client.apiKey)}`,
        'content-type': 'application/json',
        'content-length': 2,
      },
    });
    slow.write('{');
    // The headers have been read, and the credential was found good.
    await eventually(async () => {
      const [row] = await testApp.database.rows<{ used: boolean }>(
        'SELECT last_used_at IS NOT NULL AS used FROM api_keys WHERE id = $1',
        [idOf(client)],
      );
      expect(row?.used).toBe(true);
    });
    await revoke(client);
    await eventually(async () => {
      expect((await client.create()).status).toBe(401);
    }, 5000);
    const before = await testApp.sessions();
    slow.end('}');
    const [response] = (await once(slow, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(401);
    expect(await testApp.sessions()).toBe(before);
  }, 30_000);

  it('is not counted as a reader of tokens if its client hung up before they were sent', async () => {
    const client = await testApp.clientWith('sessions:read', 'tokens:read');
    const { body } = await testApp.client.openRoom('hung-up');
    const { hostname, port } = new URL(testApp.url);
    const gone = request({
      hostname,
      port,
      path: `/v1/sessions/${body.id}`,
      headers: { authorization: `Bearer ${String(client.apiKey)}`, prefer: 'wait=30' },
    });
    gone.on('error', () => undefined);
    gone.end();
    const waiter = testApp.gateway.app.get(SessionWaiter);
    await eventually(() => {
      expect(waiter.count).toBe(1);
    });
    gone.destroy();
    // Its place is free at once.
    await eventually(() => {
      expect(waiter.count).toBe(0);
    });
    await testApp.startWorker();
    expect((await testApp.client.read(body.id, { wait: 10 })).body.status).toBe('ready');
    const audit = testApp.gateway.app.get(AuditRepository);
    const readers = await eventually(async () => {
      const { items } = await audit.list({ session: body.id, limit: 50 });
      const found = items.filter(({ action }) => action === 'read-tokens').map(({ actor }) => actor);
      expect(found.length).toBeGreaterThan(0);
      return found;
    });
    expect(readers).not.toContain(`key:${String(idOf(client))}`);
  }, 30_000);
});
