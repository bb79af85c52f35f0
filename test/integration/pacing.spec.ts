import { PacingRepository } from '@app/entities';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/test-app.js';

const AHEAD_MS = 250;

describe('turns for calls of CAS', () => {
  let testApp: TestApp;
  let pacing: PacingRepository;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
    pacing = testApp.gateway.app.get(PacingRepository);
  });
  afterEach(async () => {
    await testApp.database.rows(`
      UPDATE cas_pacing SET max_rps = NULL, next_at = '-infinity', slowed_at = '-infinity', slowed_until = '-infinity'`);
  });
  afterAll(() => testApp.end());

  it('are granted at once and without end, if there is no limit', async () => {
    expect(await pacing.take(500, null, AHEAD_MS)).toEqual({ granted: 500, firstInMs: 0, everyMs: 0, nextInMs: 0 });
    expect(await pacing.read(null)).toEqual({ limit: null, set: null, slowedS: 0 });
  });

  it('follow each other at the pace of the limit, a tenth of a second’s worth at a time', async () => {
    const first = await pacing.take(500, 100, AHEAD_MS);
    expect(first).toMatchObject({ granted: 10, firstInMs: 0, everyMs: 10 });
    const second = await pacing.take(500, 100, AHEAD_MS);
    expect(second.granted).toBe(10);
    expect(second.firstInMs).toBeGreaterThan(0);
    expect(second.firstInMs).toBeLessThanOrEqual(100);
  });

  it('are not granted further ahead than asked for: the rest is left to others, and refills find none', async () => {
    const grants = [];
    for (let n = 0; n < 6; n++) grants.push((await pacing.take(500, 100, AHEAD_MS)).granted);
    expect(grants.filter((granted) => granted > 0).length).toBeLessThanOrEqual(5);
    expect(grants.at(-1)).toBe(0);
    const refill = await pacing.take(1, 100, 30);
    expect(refill.granted).toBe(0);
    expect(refill.nextInMs).toBeGreaterThan(200);
  });

  it('are taken by workers at the same time without being granted twice', async () => {
    const before = Date.now();
    const all = await Promise.all(Array.from({ length: 20 }, () => pacing.take(3, 1000, 10_000)));
    const slots = all.flatMap(({ granted, firstInMs, everyMs }) =>
      Array.from({ length: granted }, (_, n) => firstInMs + n * everyMs),
    );
    expect(slots).toHaveLength(60);
    const [row] = await testApp.database.rows<{ nextAt: Date }>('SELECT next_at AS "nextAt" FROM cas_pacing');
    expect((row?.nextAt.getTime() ?? 0) - before).toBeGreaterThanOrEqual(59);
  });

  it('come one by one at less than a call a second', async () => {
    await pacing.set(0.5);
    expect(await pacing.take(2, null, AHEAD_MS)).toMatchObject({ granted: 1, everyMs: 2000 });
    const next = await pacing.take(2, null, AHEAD_MS);
    expect(next.granted).toBe(0);
    expect(next.nextInMs).toBeGreaterThan(1500);
  });

  it('follow what an operator has set, whatever the configuration says', async () => {
    await pacing.set(20);
    expect(await pacing.read(100)).toEqual({ limit: 20, set: 20, slowedS: 0 });
    await pacing.set(0);
    expect(await pacing.read(100)).toEqual({ limit: null, set: 0, slowedS: 0 });
    expect((await pacing.take(500, 100, AHEAD_MS)).granted).toBe(500);
    await pacing.set(null);
    expect(await pacing.read(100)).toEqual({ limit: 100, set: null, slowedS: 0 });
  });

  it('come at half the pace for as long as a 429 asks for, and at a quarter after another', async () => {
    await Promise.all([pacing.slow(80, 5000), pacing.slow(80, 3000)]);
    const slowed = await pacing.read(80);
    expect(slowed.limit).toBe(40);
    expect(slowed.slowedS).toBeGreaterThan(4);
    await testApp.database.rows(`UPDATE cas_pacing SET slowed_at = now() - interval '2 seconds'`);
    await pacing.slow(80, 1000);
    expect((await pacing.read(80)).limit).toBe(20);
    await testApp.database.rows(`UPDATE cas_pacing SET slowed_until = now() - interval '1 ms'`);
    expect(await pacing.read(80)).toMatchObject({ limit: 80, slowedS: 0 });
    await pacing.slow(null, 1000);
    expect(await pacing.read(null)).toMatchObject({ limit: null });
  });
});
