import { MintTokensQueue } from '@app/queue';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeOn, QUEUES, TestApp } from '../support/test-app.js';

interface Board {
  queues: { name: string; isPaused: boolean; readOnlyMode: boolean; counts: Record<string, number>; jobs: object[] }[];
}

describe.each(QUEUES)('on the queue in %s', (queue) => {
  describeOn(queue)("BullMQ's board", () => {
    let testApp: TestApp;
    beforeAll(async () => {
      testApp = await TestApp.open({ queue, worker: false });
    });
    afterAll(() => testApp.end());

    const ask = (path: string, init: RequestInit = {}, key: string | null = testApp.apiKey) =>
      fetch(`${opsUrl(testApp)}/console/api/board${path}`, {
        ...init,
        headers: { ...(key !== null && { authorization: `Bearer ${key}` }), 'x-console': '1' },
      });

    it('shows its data only to an API key with the scope admin', async () => {
      const reader = await testApp.clientWith('sessions:read');
      expect((await ask('/api/queues', {}, null)).status).toBe(401);
      expect((await ask('/api/queues', {}, 'wtk_none_x')).status).toBe(401);
      expect((await ask('/api/queues', {}, reader.apiKey)).status).toBe(403);
      expect((await ask('/api/queues')).status).toBe(200);
      expect((await ask('/api/redis/stats')).status).toBe(403);
      expect((await ask('/api/nothing')).status).toBe(404);
    });

    it('serves its page and the files of it without a key, for a frame of this site alone, without inline script', async () => {
      const page = await ask('/queue/mint-tokens', {}, null);
      const html = await page.text();
      expect(page.headers.get('x-frame-options')).toBe('SAMEORIGIN');
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'; ");
      expect(policy).toContain("frame-ancestors 'self'");
      expect(policy).not.toContain("frame-ancestors 'none'");
      expect(html).not.toMatch(/<script(?![^>]*(?:src=|type="application\/json"))|<style| style=| on\w+=|https?:/);
      const files = [...html.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, name]) => String(name));
      expect(files.length).toBeGreaterThan(4);
      for (const name of files) expect([name, (await ask(`/${name}`, {}, null)).status]).toEqual([name, 200]);
      for (const name of ['static/../index.ejs', 'static/%2e%2e/index.ejs', 'static/none.js'])
        expect([name, (await ask(`/${name}`, {}, null)).status]).not.toEqual([name, 500]);
    });

    it('shows both queues, and what waits while the queue is paused', async () => {
      const mintTokens = testApp.gateway.app.get(MintTokensQueue);
      const { body: session } = await testApp.client.openRoom('on the board');
      await mintTokens.add([session.id]);
      await mintTokens.pause();
      const reply = await ask('/api/queues?activeQueue=mint-tokens&status=waiting');
      const { queues } = (await reply.json()) as Board;
      expect(queues.map(({ name, readOnlyMode }) => [name, readOnlyMode])).toEqual([
        ['mint-tokens', true],
        ['deliver-webhooks', true],
      ]);
      expect(queues[0]).toMatchObject({
        isPaused: true,
        counts: { waiting: 1 },
        jobs: [{ id: session.id, data: { sessionId: session.id } }],
      });
      const job = await ask(`/api/queues/mint-tokens/${session.id}`);
      expect(await job.json()).toMatchObject({ job: { id: session.id } });
      await mintTokens.resume();
    });

    it.each([
      ['PUT', '/api/queues/mint-tokens/pause'],
      ['PUT', '/api/queues/mint-tokens/empty'],
      ['PUT', '/api/queues/pause'],
      ['POST', '/api/queues/mint-tokens/add'],
      ['PATCH', '/api/queues/mint-tokens/x/update-data'],
      ['DELETE', '/api/queues/mint-tokens'],
      ['POST', ''],
    ])('refuses %s %s and changes nothing', async (method, path) => {
      const reply = await ask(path, { method });
      expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      expect(await testApp.gateway.app.get(MintTokensQueue).isPaused()).toBe(false);
    });
  });
});

function opsUrl({ log }: TestApp): string {
  return String(log.findLast(({ app, msg }) => app === 'gateway' && msg === 'ops port is listening')?.url);
}
