import { ApiKeysRepository } from '@app/entities';
import { newApiKey } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestApp } from '../support/test-app.js';

const UNKNOWN = `ses_${'x'.repeat(22)}`;

let provider: IdentityProvider;
let testApp: TestApp;
beforeAll(async () => {
  provider = await IdentityProvider.start();
  const env = { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch', OIDC_DEFAULT_SCOPES: 'sessions:read' };
  testApp = await TestApp.open({ worker: false, env });
});
afterAll(async () => {
  await testApp.end();
  await provider.close();
});

/** The database is unreachable while `work` runs: its server refuses new connections and has cut the old ones. */
async function withDatabaseAway(work: () => Promise<void>): Promise<void> {
  const name = new URL(testApp.database.url).pathname.slice(1);
  const admin = new pg.Client({ connectionString: process.env.TEST_PG_URL });
  await admin.connect();
  try {
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    await work();
  } finally {
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await admin.end();
  }
}

describe('a credential', () => {
  it('costs the database one look in a few seconds, however often it comes', async () => {
    const looks = jest.spyOn(testApp.gateway.app.get(ApiKeysRepository), 'find');
    const started = performance.now();
    const reader = await testApp.clientWith('sessions:read');
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 50 }, () => reader.read(UNKNOWN)));
    const unknown = testApp.newClient(testApp.url, newApiKey());
    for (let i = 0; i < 100; i++) expect((await unknown.read(UNKNOWN)).status).toBe(401);
    const seconds = (performance.now() - started) / 1000;
    for (const { apiKey } of [reader, unknown]) {
      const id = apiKey?.split('_')[1];
      const own = looks.mock.calls.filter(([asked]) => asked === id).length;
      expect(own).toBeGreaterThan(0);
      expect(own).toBeLessThanOrEqual(1 + seconds / 3);
    }
    looks.mockRestore();
  });

  it('that cannot be looked up is 503 and never 401, and is good again by itself', async () => {
    const key = await testApp.clientWith('sessions:read');
    const statuses = new Set<number>();
    await withDatabaseAway(async () => {
      await eventually(async () => {
        const reply = await key.read(UNKNOWN);
        statuses.add(reply.status);
        expect([reply.status, (reply.body as unknown as { code: string }).code]).toEqual([503, 'unavailable']);
      });
      expect((await testApp.newClient(testApp.url, newApiKey()).read(UNKNOWN)).status).toBe(503);
    });
    await eventually(async () => {
      const { status } = await key.read(UNKNOWN);
      statuses.add(status);
      expect(status).toBe(404);
    });
    expect(statuses).not.toContain(401);
  });

  it('of a person needs no database', async () => {
    const person = testApp.newClient(testApp.url, await provider.token('anna', { claims: { scope: 'rooms:open' } }));
    await withDatabaseAway(async () => {
      // Refused for its scope: so it was known who asks.
      expect((await person.read(UNKNOWN)).status).toBe(403);
    });
  });
});
