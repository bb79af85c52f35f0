import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectReady } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';

/** `POOL_TAKES=100000 npm test -- test/e2e/pool.spec.ts` is the long run. */
const TAKES = Number(process.env.POOL_TAKES ?? 2000);
const CLIENTS = 8;
const BOTH = ['stream', 'sync'];
const MAX_AGE_S = 20;
const MIN_LIFE_S = 600;

interface Pool {
  levels: { level: number; minting: number; target: number }[];
}

let deployment: TestDeployment;
beforeAll(async () => {
  deployment = await TestDeployment.start({
    queue: 'redis',
    gateways: 2,
    workers: 2,
    casLatencyMs: 20,
    env: {
      POOL_MAX_AGE_S: String(MAX_AGE_S),
      POOL_MIN_LIFE_S: String(MIN_LIFE_S),
      POOL_REFILL_CONCURRENCY: '40',
      RATE_PER_S: '100000',
    },
  });
});
afterAll(() => deployment.end());
beforeEach(() => deployment.cas.clearJournal());
afterEach(async () => {
  await deployment.cas.clearFaults();
  await plan({});
  await eventually(async () => {
    expect(await minting()).toEqual([]);
  }, 30_000);
  await deployment.database.rows('DELETE FROM pool_sets');
});

let rooms = 0;
const open = (n = 0) =>
  deployment.client(n % 2).openRoom(`room ${String(++rooms)}`, { body: { products: BOTH, metadata: {} } });
const plan = (body: object) =>
  deployment.client(0).send('PUT', '/v1/pool', { body: { targets: [], schedule: [], ...body } });
const want = (target: number) => plan({ targets: [{ products: BOTH, target }] });
const minting = () =>
  deployment.database.rows(`SELECT FROM pool_reservations WHERE ids <> '{}' AND held_until > now()`);
const level = async () => (await deployment.client(1).send<Pool>('GET', '/v1/pool')).body.levels[0]?.level ?? 0;
const callTimes = async () => (await deployment.cas.journal()).map(({ at }) => Date.parse(at));
const setsTaken = () =>
  deployment.database.rows<{ id: string; ageS: number; lifeS: number }>(
    `SELECT s.id, extract(epoch FROM s.created_at)::float8 - (s.timeline -> 0 ->> 'mintedAt')::float8 / 1000 AS "ageS",
            extract(epoch FROM s.expires_at - s.created_at)::float8 AS "lifeS"
     FROM sessions s WHERE s.timeline -> 0 ->> 'event' = 'pooled'`,
  );

async function expectLevel(wanted: number): Promise<void> {
  await eventually(async () => {
    expect(await level()).toBeGreaterThanOrEqual(wanted);
  }, 60_000);
}

/** Waits until both gateways take from the pool: they look once a second whether there is something in it. */
async function expectKnown(): Promise<void> {
  for (const n of [0, 1]) {
    await eventually(async () => {
      expect((await open(n)).status).toBe(201);
    });
  }
}

describe('the warm pool', () => {
  it(`hands out none of ${String(TAKES)} sets twice, and none too old, while workers refill it and one is killed`, async () => {
    await want(1000);
    await expectKnown();
    await expectLevel(1000);
    const before = (await setsTaken()).length;
    const seen = new Map<string, number>();
    const ready: number[] = [];
    const pending: string[] = [];
    let left = TAKES;
    const takeAll = async (n: number) => {
      while (left > 0) {
        left--;
        if (left === Math.floor(TAKES / 2)) await deployment.workers[0]?.kill9();
        const at = performance.now();
        const { status, body } = await open(n);
        if (status === 202) pending.push(body.id);
        else ready.push(performance.now() - at);
        expect([201, 202]).toContain(status);
        for (const token of Object.values(body.tokens ?? {})) seen.set(token, (seen.get(token) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, n) => takeAll(n)));
    expect([...seen.values()].filter((times) => times > 1)).toEqual([]);
    expect(seen.size).toBe(2 * ready.length);
    const taken = await setsTaken();
    expect(taken.length - before).toBe(ready.length);
    expect(ready.length).toBeGreaterThanOrEqual(Math.min(1000, TAKES / 2));
    // The time of the set is rounded down to the millisecond.
    expect(Math.max(...taken.map(({ ageS }) => ageS))).toBeLessThanOrEqual(MAX_AGE_S + 0.001);
    expect(Math.min(...taken.map(({ lifeS }) => lifeS))).toBeGreaterThan(MIN_LIFE_S);
    const p50 = ready.toSorted((a, b) => a - b)[Math.floor(ready.length / 2)] ?? Infinity;
    process.stdout.write(
      `${String(ready.length)} from the pool, p50 ${p50.toFixed(1)} ms; ${String(pending.length)} pending\n`,
    );
    await expectReady(deployment, pending, 60_000);
    await deployment.startWorker();
    await expectLevel(1000);
  }, 1_800_000);

  it('carries creates through an outage of CAS until it is empty, and then they are pending as without it', async () => {
    await want(60);
    await expectKnown();
    await expectLevel(60);
    await deployment.cas.fault({ kind: 'status', status: 503 });
    const replies = await Promise.all(Array.from({ length: 60 }, (_, n) => open(n)));
    expect(replies.map(({ status }) => status)).toEqual(Array(60).fill(201));
    const late = await open();
    expect([late.status, late.body.status]).toEqual([202, 'pending']);
    await deployment.cas.clearFaults();
    await expectReady(deployment, [late.body.id], 30_000);
    await expectLevel(60);
  }, 120_000);

  it('keeps to its schedule to the second, with two workers, over the restart of one and the crash of the other', async () => {
    const [at, until] = [Date.now() + 3000, Date.now() + 11_000];
    const entry = { products: BOTH, at: new Date(at).toISOString(), until: new Date(until).toISOString() };
    await plan({ schedule: [{ ...entry, target: 100_000 }] });
    await eventually(async () => {
      expect((await callTimes()).length).toBeGreaterThan(50);
    }, 30_000);
    const [first, second] = deployment.workers.filter(({ running }) => running);
    await first?.terminate();
    await deployment.startWorker();
    await second?.kill9();
    await deployment.startWorker();
    await eventually(() => {
      expect(Date.now()).toBeGreaterThan(until + 2000);
    }, 30_000);
    const times = await callTimes();
    expect(Math.min(...times)).toBeGreaterThanOrEqual(at);
    expect(Math.min(...times)).toBeLessThan(at + 1000);
    // A call that began in time takes a moment to arrive.
    expect(Math.max(...times)).toBeLessThanOrEqual(until + 250);
    expect(Math.max(...times)).toBeGreaterThan(until - 1000);
    // What the killed worker had reserved lapses.
    await eventually(async () => {
      expect(await minting()).toEqual([]);
    }, 30_000);
  }, 120_000);

  it('is filled to its target by two workers, with no call too many', async () => {
    await want(300);
    await expectLevel(300);
    await eventually(async () => {
      expect(await minting()).toEqual([]);
    });
    expect([await level(), (await callTimes()).length]).toEqual([300, 600]);
  }, 120_000);
});
