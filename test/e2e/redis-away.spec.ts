import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually, repeatedly } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { expectReady } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';
import { expectTimeline } from '../support/timelines.js';

describe('Redis', () => {
  let deployment: TestDeployment;
  const accepted: string[] = [];
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: 'redis' });
  });
  afterAll(() => deployment.end());

  /** Opens rooms and expects each to be accepted fast. */
  async function openRooms(name: string, count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) {
      const asked = performance.now();
      const reply = await deployment.client().openRoom(`${name}-${n}`);
      expect(reply.status).toBe(202);
      expect(performance.now() - asked).toBeLessThan(1500);
      ids.push(reply.body.id);
    }
    accepted.push(...ids);
    return ids;
  }

  async function command(run: (redis: Redis) => Promise<unknown>): Promise<void> {
    const redis = new Redis(deployment.redis?.url ?? '');
    await run(redis);
    redis.disconnect();
  }

  it('is flushed while jobs wait: no session is lost', async () => {
    await deployment.worker.end();
    const ids = await openRooms('flushed', 20);
    await command((redis) => redis.flushall());
    await deployment.startWorker();
    await expectReady(deployment, ids, 30_000);
    await expectInvariants(deployment, accepted);
    await expectTimeline(
      deployment.client(),
      ids[0] ?? '',
      'The sweeper found no progress and queued it again',
      'Ready',
    );
  }, 60_000);

  it('is killed and away for 10 s: creates are accepted, fast, and heal when it is back', async () => {
    await deployment.stopRedis();
    const ids: string[] = [];
    await repeatedly(500, 10_000, async () => {
      ids.push(...(await openRooms(`away-${ids.length}`, 5)));
    });
    await deployment.restartRedis();
    ids.push(...(await openRooms('back', 5)));
    await expectReady(deployment, ids, 40_000);
    await expectInvariants(deployment, accepted);
    await expectTimeline(deployment.client(), ids[0] ?? '', 'or the queue was paused or unavailable', 'Ready');
  }, 90_000);

  it('is away, or just coming back: a gateway and a worker that are told to end do so, with 0', async () => {
    await deployment.client().openRoom('before', { wait: 10 });
    const worker = deployment.worker;
    const gateway = await deployment.launch('gateway').waitUntilUp();
    await deployment.startWorker();
    await deployment.stopRedis();
    // So that all connections are between two tries.
    await eventually(() => {
      expect(worker.lines.some(({ msg }) => msg.includes('queue unavailable'))).toBe(true);
    });
    const asked = performance.now();
    const exits = Promise.all([worker.terminate(), gateway.terminate()]);
    expect(await exits).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
    expect(performance.now() - asked).toBeLessThan(30_000);

    await deployment.restartRedis();
    expect(await deployment.worker.terminate()).toEqual({ code: 0, signal: null });
    await deployment.startWorker();
    await expectReady(deployment, accepted, 40_000);
  }, 120_000);

  it('is full: creates are accepted and heal when there is room', async () => {
    await command((redis) => redis.config('SET', 'maxmemory', '1'));
    const ids = await openRooms('full', 10);
    await command((redis) => redis.config('SET', 'maxmemory', '0'));
    await expectReady(deployment, ids, 40_000);
    await expectInvariants(deployment, accepted);
  }, 60_000);
});
