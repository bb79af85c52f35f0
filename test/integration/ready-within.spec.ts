import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import type { Reply } from '../support/client.js';
import { TestApp } from '../support/test-app.js';

let testApp: TestApp;
beforeAll(async () => {
  testApp = await TestApp.open({ env: { MINT_DEADLINE_S: '600' } });
});
afterAll(() => testApp.end());
afterEach(() => testApp.cas.clearFaults());

/** The time that a session has from its creation or last retry, in s. */
async function timeOf(id: string): Promise<number> {
  const [row] = await testApp.database.rows<{ seconds: number }>(
    `SELECT extract(epoch FROM deadline_at - coalesce(reopened_at, created_at))::float8 AS seconds
     FROM sessions WHERE id = $1`,
    [id],
  );
  return row?.seconds ?? 0;
}
const fail = (id: string) =>
  testApp.database.rows(
    `UPDATE sessions SET status = 'failed', failure_code = 'cas-unavailable', reopened_at = now() - interval '1 minute'
     WHERE id = $1`,
    [id],
  );
const faults = ({ body }: Reply) => (body as unknown as { errors?: unknown[] }).errors;

describe('readyWithinS', () => {
  it('is the deadline of the session that a call creates, MINT_DEADLINE_S otherwise', async () => {
    const { client } = testApp;
    const calls = [
      client.create({ body: { readyWithinS: 20 } }),
      client.create({ key: 'once', body: { readyWithinS: 5 } }),
      client.openRoom('countdown', { body: { readyWithinS: 600 } }),
      client.openRoom('default'),
      client.create({ key: 'default' }),
    ];
    const ids = (await Promise.all(calls)).map(({ body }) => body.id);
    expect(await Promise.all(ids.map(timeOf))).toEqual([20, 5, 600, 600, 600]);
  });

  it('fails a session that is not ready by then', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const { body } = await testApp.client.create({ body: { readyWithinS: 5 } });
    const start = performance.now();
    await eventually(async () => {
      expect((await testApp.client.read(body.id)).body.failure?.code).toMatch(/deadline-exceeded|cas-unavailable/);
    }, 15_000);
    expect(performance.now() - start).toBeGreaterThan(4000);
  });

  it('of a room that has a session is ignored, and makes no difference to its products', async () => {
    const first = await testApp.client.openRoom('taken', { body: { readyWithinS: 100 } });
    const again = await testApp.client.openRoom('taken', { body: { readyWithinS: 7 } });
    expect([again.body.id, again.status]).toEqual([first.body.id, again.body.status === 'ready' ? 200 : 202]);
    expect(await timeOf(first.body.id)).toBe(100);
  });

  it('is kept by a retry, and by an opening without one', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const { body } = await testApp.client.openRoom('again', { body: { readyWithinS: 30 } });
    await fail(body.id);
    expect((await testApp.client.retry(body.id)).status).toBe(202);
    expect(await timeOf(body.id)).toBe(30);
    await fail(body.id);
    await testApp.client.openRoom('again');
    expect(await timeOf(body.id)).toBe(30);
    await fail(body.id);
    await testApp.client.openRoom('again', { body: { readyWithinS: 50 } });
    expect(await timeOf(body.id)).toBe(50);
    await fail(body.id);
    await testApp.client.retry(body.id);
    expect(await timeOf(body.id)).toBe(50);
  });

  it('is part of what an Idempotency-Key stands for', async () => {
    const key = 'place 1';
    const [first, same] = [
      await testApp.client.create({ key, body: { readyWithinS: 20 } }),
      await testApp.client.create({ key, body: { readyWithinS: 20 } }),
    ];
    expect(same.body.id).toBe(first.body.id);
    expect((await testApp.client.create({ key, body: { readyWithinS: 21 } })).status).toBe(422);
  });

  it.each([4, 0, -5, 601, 86_401, 5.5, '20', null, true, [], 1e21])('may not be %j', async (readyWithinS) => {
    const before = await testApp.sessions();
    for (const reply of [
      await testApp.client.create({ body: { readyWithinS } }),
      await testApp.client.openRoom('refused', { body: { readyWithinS } }),
    ]) {
      expect(reply.status).toBe(422);
      expect(faults(reply)).toMatchObject([{ pointer: '#/readyWithinS' }]);
    }
    expect(await testApp.sessions()).toBe(before);
  });
});
