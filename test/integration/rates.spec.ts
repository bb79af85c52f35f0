import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newApiKey } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startRedis } from '../../tools/redis.mjs';
import type { Client, Reply } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { clientWithRate } from '../support/limits.js';
import { describeOn, TestApp, QUEUES } from '../support/test-app.js';

const UNKNOWN = `ses_${'x'.repeat(22)}`;
const statusesOf = (replies: Reply[]) => replies.map(({ status }) => status);
const count = (statuses: number[], status: number) => statuses.filter((other) => other === status).length;
const burst = (client: Client, requests: number) =>
  Promise.all(Array.from({ length: requests }, () => client.read(UNKNOWN)));
const wrongKey = () => newApiKey();

let provider: IdentityProvider;
beforeAll(async () => {
  provider = await IdentityProvider.start();
});
afterAll(() => provider.close());

const settings = () => ({
  OIDC_ISSUER: provider.issuer,
  OIDC_AUDIENCE: 'watch',
  OIDC_DEFAULT_SCOPES: 'sessions:read',
  MAX_FAILED_CREDENTIALS: '20',
  TRUST_PROXY: '1',
});

describe.each(QUEUES)('rates, with the queue in %s', (queue) => {
  describeOn(queue)('a caller', () => {
    let testApp: TestApp;
    beforeAll(async () => {
      testApp = await TestApp.open({ queue, worker: false, env: settings() });
    });
    afterAll(() => testApp.end());

    it('who is a person has 20 requests a second, and is told so', async () => {
      const person = testApp.newClient(testApp.url, await provider.token('anna'));
      const first = await person.read(UNKNOWN);
      expect(first.headers['ratelimit-policy']).toBe('"caller";q=20;w=1');
      expect(first.headers.ratelimit).toMatch(/^"caller";r=19;t=1$/);

      const replies = await burst(person, 60);
      expect(count(statusesOf(replies), 404)).toBeGreaterThan(0);
      const refused = replies.find(({ status }) => status === 429);
      expect(refused?.body).toMatchObject({ code: 'rate-limited', retryable: true });
      expect(refused?.headers['retry-after']).toBe('1');
      expect(refused?.headers.ratelimit).toMatch(/^"caller";r=0;t=1$/);
      await eventually(async () => {
        expect((await person.read(UNKNOWN)).status).toBe(404);
      });
    });

    it('is counted by itself: another person is not affected', async () => {
      const [anna, ben] = await Promise.all(
        ['busy', 'calm'].map(async (sub) => testApp.newClient(testApp.url, await provider.token(sub))),
      );
      const [, calm] = await Promise.all([burst(anna!, 60), ben!.read(UNKNOWN)]);
      expect(calm.status).toBe(404);
    });

    it('who is a server has no limit unless its key carries one', async () => {
      const free = await testApp.clientWith('sessions:read');
      const replies = await burst(free, 200);
      expect(new Set(statusesOf(replies))).toEqual(new Set([404]));
      expect(replies[0]?.headers).not.toHaveProperty('ratelimit');
      const limited = await clientWithRate(testApp, 3);
      expect((await limited.read(UNKNOWN)).headers['ratelimit-policy']).toBe('"caller";q=3;w=1');
      expect(count(statusesOf(await burst(limited, 30)), 429)).toBeGreaterThan(0);
    });

    it(`is counted ${queue === 'redis' ? 'for all gateways together' : 'by each gateway alone'}`, async () => {
      const other = await testApp.startGateway();
      const limited = await clientWithRate(testApp, 1000);
      const there = testApp.newClient(other.url, limited.apiKey);
      await eventually(async () => {
        await limited.read(UNKNOWN);
        const { headers } = await there.read(UNKNOWN);
        const left = Number(/r=(\d+)/.exec(String(headers.ratelimit))?.[1]);
        // In the same second, or it would be full again.
        expect(left).toBe(queue === 'redis' ? 998 : 999);
      });
    });
  });

  describeOn(queue)('an address with wrong credentials', () => {
    let testApp: TestApp;
    beforeAll(async () => {
      testApp = await TestApp.open({ queue, worker: false, env: settings() });
    });
    afterAll(() => testApp.end());
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

    it('is refused unseen after too many of them; who is known there, and every other address, goes on', async () => {
      const known = await testApp.clientWith('sessions:read');
      const [newcomer, guess] = [await testApp.clientWith('sessions:read'), testApp.newClient(testApp.url, wrongKey())];
      expect((await known.read(UNKNOWN, from('192.0.2.1'))).status).toBe(404);
      for (let i = 0; i < 20; i++) expect((await guess.read(UNKNOWN, from('192.0.2.1'))).status).toBe(401);
      await testApp.newClient(testApp.url, wrongKey()).read(UNKNOWN, from('192.0.2.1'));

      const refused = await testApp.newClient(testApp.url, wrongKey()).read(UNKNOWN, from('192.0.2.1'));
      expect([refused.status, (refused.body as unknown as { code: string }).code]).toEqual([429, 'rate-limited']);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
      expect((await newcomer.read(UNKNOWN, from('192.0.2.1'))).status).toBe(429);
      expect((await known.read(UNKNOWN, from('192.0.2.1'))).status).toBe(404);
      expect((await newcomer.read(UNKNOWN, from('192.0.2.2'))).status).toBe(404);
      expect((await testApp.newClient(testApp.url, 'a.b.c').read(UNKNOWN, from('192.0.2.1'))).status).toBe(429);
      expect((await testApp.newClient(testApp.url, null).read(UNKNOWN, from('192.0.2.1'))).status).toBe(401);
    });

    it('is the one that TRUST_PROXY says: without it no client can claim another', async () => {
      const direct = await testApp.startGateway({ TRUST_PROXY: 'off', QUEUE_PREFIX: 'direct' });
      const guesses = Array.from({ length: 30 }, (_, i) => i);
      for (const i of guesses) await testApp.newClient(direct.url, wrongKey()).read(UNKNOWN, from(`192.0.2.${i}`));
      expect((await testApp.newClient(direct.url, wrongKey()).read(UNKNOWN, from('192.0.2.99'))).status).toBe(429);
      expect(testApp.log.some(({ msg }) => msg.includes('TRUST_PROXY'))).toBe(true);
    });
  });
});

describeOn('redis')('a Redis that is away', () => {
  it('is done without: each gateway counts alone, at once, and counts together again when it is back', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'watchtogether-rates-'));
    let redis = await startRedis({ dir });
    const { port } = redis;
    const testApp = await TestApp.open({ worker: false, env: { ...settings(), REDIS_URL: redis.url } });
    try {
      const limited = await clientWithRate(testApp, 5);
      const refusedOf = async () => count(statusesOf(await burst(limited, 30)), 429);
      expect(await refusedOf()).toBeGreaterThan(0);
      await redis.kill9();
      await eventually(async () => {
        const statuses = statusesOf(await burst(limited, 30));
        expect(count(statuses, 404) + count(statuses, 429)).toBe(30);
        expect(count(statuses, 404)).toBeGreaterThan(0);
        expect(count(statuses, 429)).toBeGreaterThan(0);
      });
      redis = await startRedis({ dir, port });
      const other = await testApp.startGateway();
      const there = testApp.newClient(other.url, limited.apiKey);
      await eventually(async () => {
        await limited.read(UNKNOWN);
        expect((await there.read(UNKNOWN)).headers.ratelimit).toMatch(/r=3/);
      }, 20_000);
    } finally {
      await testApp.end();
      await redis.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  }, 60_000);
});

describe('more pending sessions than can be promised', () => {
  it('are not taken on: 503 for a new one, while what is there goes on', async () => {
    const testApp = await TestApp.open({ worker: false, env: { MAX_PENDING: '3' } });
    try {
      await Promise.all(['a', 'b', 'c'].map((room) => testApp.client.openRoom(room)));
      await eventually(async () => {
        const refused = await testApp.client.create();
        expect([refused.status, (refused.body as unknown as { code: string }).code]).toEqual([503, 'overloaded']);
        expect(refused.headers['retry-after']).toBe('1');
      });
      const before = await testApp.sessions();
      expect((await testApp.client.openRoom('d')).status).toBe(503);
      expect((await testApp.client.openRoom('a')).status).toBe(202);
      expect(await testApp.sessions()).toBe(before);
      const { body } = await testApp.client.send<{ items: { id: string }[] }>('GET', '/v1/sessions');
      for (const { id } of body.items) await testApp.client.close(id);
      await eventually(async () => {
        expect((await testApp.client.openRoom('a')).status).toBe(202);
      });
    } finally {
      await testApp.end();
    }
  });
});
