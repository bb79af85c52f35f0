import { newApiKey, parseApiKey } from '@app/kernel';
import { ApiKeysRepository } from '@app/entities';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestApp } from '../support/test-app.js';

const LIMIT = 20;
const EXPIRED = { exp: 1000, scope: 'sessions:read' };

/** All clients of these tests share one address, as behind the Wi-Fi of a stadium. */
describe('behind one address', () => {
  let testApp: TestApp;
  let provider: IdentityProvider;
  beforeAll(async () => {
    provider = await IdentityProvider.start();
    const env = { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch', MAX_FAILED_CREDENTIALS: String(LIMIT) };
    testApp = await TestApp.open({ worker: false, env });
  });
  afterAll(async () => {
    await testApp.end();
    await provider.close();
  });

  const statusOf = async (credential: string) =>
    (await testApp.newClient(testApp.url, credential).read(`ses_${'x'.repeat(22)}`)).status;
  const token = (sub: string, claims = {}) => provider.token(sub, { claims: { scope: 'sessions:read', ...claims } });
  const repository = () => testApp.gateway.app.get(ApiKeysRepository);
  async function addKey(): Promise<string> {
    const key = newApiKey();
    const parsed = parseApiKey(key);
    if (parsed === null) throw new Error('a new key is no key');
    await repository().ensure({ ...parsed, name: 'x', scopes: ['sessions:read'], ratePerS: null });
    return key;
  }

  it('hundreds of expired tokens of real users block no one else', async () => {
    const expired = await Promise.all(Array.from({ length: 10 * LIMIT }, (_, n) => token(`late-${n}`, EXPIRED)));
    expect(new Set(await Promise.all(expired.map(statusOf)))).toEqual(new Set([401]));
    expect(await statusOf(await token('in-time'))).toBe(404);
  });

  it('tokens that are genuine but not valid yet, as handed out before kick-off, are no guesses', async () => {
    const nbf = Math.floor(Date.now() / 1000) + 600;
    const early = await Promise.all(Array.from({ length: 3 * LIMIT }, (_, n) => token(`early-${n}`, { nbf })));
    expect(new Set(await Promise.all(early.map(statusOf)))).toEqual(new Set([401]));
    expect(await statusOf(await addKey())).toBe(404);
  });

  it('a revoked and an expired API key with its right secret are no guesses', async () => {
    for (const column of ['revoked_at', 'expires_at']) {
      const key = await addKey();
      await testApp.database.rows(`UPDATE api_keys SET ${column} = now() WHERE id = $1`, [parseApiKey(key)?.id]);
      const statuses = await Promise.all(Array.from({ length: 3 * LIMIT }, () => statusOf(key)));
      expect(new Set(statuses)).toEqual(new Set([401]));
    }
    expect(await statusOf(await addKey())).toBe(404);
  });

  describe('while it is blocked for guessing', () => {
    let idle: string;
    beforeAll(async () => {
      idle = await addKey();
      expect(await statusOf(idle)).toBe(404);
      await eventually(async () => {
        expect(await statusOf(newApiKey())).toBe(429);
      });
    });

    it('guesses are refused unchecked, whatever they look like', async () => {
      const forged = (await token('mallory')).replace(/\.[^.]+$/, '.c2lnbmF0dXJl');
      for (const guess of [newApiKey(), 'wtk_x_y', 'not-a-jwt', forged]) expect(await statusOf(guess)).toBe(429);
    });

    it('users whom it has never seen get in, since their tokens can be checked here', async () => {
      expect(await statusOf(await token('never-seen'))).toBe(404);
      expect(await statusOf(await token('late', EXPIRED))).toBe(401);
    });

    it('a server gets in with a key that was good before, although no cache knows it any more', async () => {
      await eventually(async () => {
        // Idle for longer than keys are cached (3 s): the id is looked up again.
        await testApp.database.rows('UPDATE api_keys SET name = $2 WHERE id = $1', [parseApiKey(idle)?.id, 'renamed']);
        expect(await statusOf(idle)).toBe(404);
      });
    });
  });
});

describe('one caller’s share', () => {
  let testApp: TestApp;
  let provider: IdentityProvider;
  beforeAll(async () => {
    provider = await IdentityProvider.start();
    const env = {
      OIDC_ISSUER: provider.issuer,
      OIDC_AUDIENCE: 'watch',
      MAX_SSE_CONNECTIONS: '40',
      MAX_WAITS: '40',
      MAX_PENDING: '200',
      ROOM_API: 'on',
    };
    testApp = await TestApp.open({ worker: false, env });
  });
  afterAll(async () => {
    await testApp.end();
    await provider.close();
  });

  const user = async (sub: string) =>
    testApp.newClient(
      testApp.url,
      await provider.token(sub, { claims: { scope: 'sessions:read sessions:create rooms:open' } }),
    );

  it('of event streams is 20 for a user, and the others go on', async () => {
    const { id } = (await testApp.client.openRoom('followed')).body;
    const ends = new AbortController();
    const follow = async (authorization: string) => {
      const url = `${testApp.url}/v1/sessions/${id}/events`;
      return (await fetch(url, { headers: { authorization }, signal: ends.signal })).status;
    };
    const anna = `Bearer ${await provider.token('anna', { claims: { scope: 'sessions:read' } })}`;
    // 20 requests a second: the limit of the rate is another matter.
    const statuses: number[] = [];
    await eventually(async () => {
      statuses.push(await follow(anna));
      expect(statuses.at(-1)).toBe(503);
    });
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    const ben = `Bearer ${await provider.token('ben', { claims: { scope: 'sessions:read' } })}`;
    expect(await follow(ben)).toBe(200);
    ends.abort();
  });

  it('of pending sessions is 20 for a user, and the others go on', async () => {
    const anna = await user('anna');
    const statuses: number[] = [];
    await eventually(async () => {
      statuses.push((await anna.create()).status);
      expect(statuses.at(-1)).toBe(503);
    }, 30_000);
    expect(statuses.filter((status) => status === 202).length).toBeGreaterThanOrEqual(20);
    expect((await (await user('ben')).create()).status).toBe(202);
    expect((await testApp.client.create()).status).toBe(202);
  }, 40_000);

  it('of pending sessions is a quarter for all drop-in rooms together', async () => {
    await testApp.database.rows('DELETE FROM sessions');
    const create = (name: string) =>
      testApp.newClient(testApp.url, null).send<unknown>('POST', '/room/create', { body: { name } });
    // None becomes ready, since no worker runs: those that are held are given up when their clients end.
    for (let n = 0; n < 50; n++) create(`visitors-${n}`).catch(() => undefined);
    await eventually(async () => {
      expect(await testApp.sessions()).toBe(50);
    });
    let n = 0;
    await eventually(async () => {
      expect((await create(`one-more-${String(n++)}`)).text).toContain('overloaded');
    });
    expect((await testApp.client.openRoom('of-a-server')).status).toBe(202);
  }, 40_000);
});
