import { PoolRefillRepository, PoolRepository } from '@app/entities';
import { newSessionId, type SessionProduct } from '@app/kernel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectKnown, setsIn, stock } from '../support/pool.js';
import { TestApp } from '../support/test-app.js';

const BOTH: SessionProduct[] = ['stream', 'sync'];
const LIMITS = { minLifeS: 600, maxAgeS: 1200 };

let testApp: TestApp;
let pool: PoolRepository;
beforeAll(async () => {
  testApp = await TestApp.open({
    worker: false,
    env: { POOL_MIN_LIFE_S: '600', POOL_MAX_AGE_S: '1200', POOL_REFILL_CONCURRENCY: '8' },
  });
  pool = testApp.gateway.app.get(PoolRepository);
});
afterAll(() => testApp.end());
afterEach(async () => {
  await testApp.stopWorker();
  await testApp.cas.clearFaults();
  testApp.cas.setTokenTtl(7200);
  await pool.replacePlan({ targets: [], schedule: [] }, 'cli');
  await testApp.database.rows('DELETE FROM pool_sets');
  await testApp.database.rows('DELETE FROM pool_reservations');
  await testApp.database.rows('DELETE FROM sessions');
});
beforeEach(() => testApp.cas.clearJournal());

const want = (target: number, products = BOTH) =>
  pool.replacePlan({ targets: [{ products, target }], schedule: [] }, 'cli');
const inS = (seconds: number) => new Date(Date.now() + 1000 * seconds).toISOString();
const calls = async () => (await testApp.cas.summary()).total.calls;

async function expectLevel(level: number, products = BOTH): Promise<void> {
  await eventually(async () => {
    const levels = await pool.levels(LIMITS);
    expect(levels.find((one) => one.products.join() === products.join())).toMatchObject({ level, minting: 0 });
  });
}

describe('a worker', () => {
  it('mints as many sets as the plan wants, each sealed for the session that takes it, and then no more', async () => {
    await want(30);
    await testApp.startWorker();
    await expectLevel(30);
    await expectKnown(testApp.gateway);
    await testApp.stopWorker();
    expect(await calls()).toBe(60);
    const { status, body } = await testApp.client.openRoom('full', { body: { products: BOTH } });
    expect([status, body.status]).toEqual([201, 'ready']);
    expect(Object.keys(body.tokens ?? {})).toEqual(BOTH);
    const minted = new Set((await testApp.cas.journal()).map(({ tokenFingerprint }) => tokenFingerprint));
    expect(minted.size).toBe(60);
  });

  it('mints again what was taken', async () => {
    await want(5);
    await testApp.startWorker();
    await expectLevel(5);
    await expectKnown(testApp.gateway);
    await Promise.all(['a', 'b', 'c'].map((room) => testApp.client.openRoom(room, { body: { products: BOTH } })));
    await expectLevel(5);
    expect(await calls()).toBe(16);
  });

  it('keeps the targets of several sets of products', async () => {
    const targets = [
      { products: BOTH, target: 12 },
      { products: ['stream'] as SessionProduct[], target: 3 },
    ];
    await pool.replacePlan({ targets, schedule: [] }, 'cli');
    await testApp.startWorker();
    await expectLevel(12);
    await expectLevel(3, ['stream']);
    expect(await calls()).toBe(27);
  });

  it('begins with the schedule, mints nothing after its end, and leaves what there is to be used', async () => {
    const [at, until] = [Date.now() + 1500, Date.now() + 3500];
    const entry = { products: BOTH, at: new Date(at).toISOString(), until: new Date(until).toISOString() };
    await pool.replacePlan({ targets: [], schedule: [{ ...entry, target: 5000 }] }, 'cli');
    await testApp.cas.fault({ kind: 'delay', delayMs: 40 });
    await testApp.startWorker();
    await eventually(async () => {
      expect(await pool.levels(LIMITS)).toMatchObject([{ target: 0, minting: 0 }]);
      expect(Date.now()).toBeGreaterThan(until);
    });
    const times = (await testApp.cas.journal()).map((call) => Date.parse(call.at));
    expect(times.length).toBeGreaterThan(20);
    expect([Math.min(...times) >= at, Math.min(...times) < at + 500]).toEqual([true, true]);
    // A call that began in time takes a moment to arrive.
    expect([Math.max(...times) <= until + 250, Math.max(...times) > until - 500]).toEqual([true, true]);
    // What was under way at the end is kept.
    expect(await setsIn(testApp)).toHaveLength(times.length / 2);
  });

  it('stops when the plan no longer wants what it is minting', async () => {
    await want(5000);
    await testApp.cas.fault({ kind: 'delay', delayMs: 40 });
    await testApp.startWorker();
    await eventually(async () => {
      expect(await calls()).toBeGreaterThan(20);
    });
    await want(0);
    const then = Date.now();
    await eventually(async () => {
      expect((await pool.levels(LIMITS))[0]?.minting).toBe(0);
    });
    const times = (await testApp.cas.journal()).map((call) => Date.parse(call.at));
    expect(Math.max(...times)).toBeLessThan(then + 2000);
  });

  it('makes way for sessions that wait', async () => {
    await testApp.database.rows(
      `INSERT INTO sessions (id, generation, status, products, created_by, created_at, deadline_at, due_at)
       VALUES ($1, 1, 'pending', '{stream}', 'key:abcd', now() - interval '3 s', now() + interval '1 hour',
               now() + interval '7 s')`,
      [newSessionId()],
    );
    const refill = testApp.gateway.app.get(PoolRefillRepository);
    await want(10);
    expect(await refill.view('w', LIMITS)).toMatchObject({ sessionsWait: true });
    await testApp.database.rows(`UPDATE sessions SET due_at = now() + interval '9500 ms'`);
    expect(await refill.view('w', LIMITS)).toMatchObject({ sessionsWait: false });
  });

  it('mints nothing while a session waits for longer than a second, and goes on when none does', async () => {
    await testApp.cas.fault({ kind: 'hang', times: 1 });
    await testApp.startWorker({ CAS_TIMEOUT_MS: '20000' });
    const { body } = await testApp.client.create({ body: { products: ['stream'] } });
    await eventually(async () => {
      expect(await testApp.cas.held()).toBe(1);
    });
    await eventually(async () => {
      const view = await testApp.gateway.app.get(PoolRefillRepository).view('w', LIMITS);
      await want(3);
      expect(view.sessionsWait).toBe(true);
    });
    expect((await testApp.cas.summary()).sync.calls).toBe(0);
    await testApp.cas.release();
    await eventually(async () => {
      expect((await testApp.client.read(body.id)).body.status).toBe('ready');
    });
    await expectLevel(3);
  });

  it('pauses while CAS fails, and fills the pool when it is back', async () => {
    await testApp.cas.fault({ kind: 'status', status: 500 });
    await want(20);
    await testApp.startWorker();
    await eventually(async () => {
      expect(await calls()).toBeGreaterThanOrEqual(5);
    });
    const failed = await calls();
    // 8 sets at once, and then one at a time, each after a longer pause.
    expect(failed).toBeLessThanOrEqual(16 + 6);
    expect(await setsIn(testApp)).toEqual([]);
    await testApp.cas.clearFaults();
    await eventually(async () => {
      expect((await pool.levels(LIMITS))[0]).toMatchObject({ level: 20 });
    }, 30_000);
    expect(testApp.log.some(({ msg }) => msg === 'refilling the pool fails: it pauses')).toBe(true);
  });

  it('does not pool tokens that live less than POOL_MIN_LIFE_S, and does not mint them again and again', async () => {
    testApp.cas.setTokenTtl(599);
    await want(20);
    await testApp.startWorker();
    await eventually(() => {
      expect(testApp.log.some(({ msg }) => msg.includes('live less than POOL_MIN_LIFE_S'))).toBe(true);
    });
    expect(await setsIn(testApp)).toEqual([]);
    expect(await calls()).toBeLessThanOrEqual(18);
  });

  it('discards what is too old', async () => {
    await stock(testApp, 3, { ageS: 1300 });
    const kept = await stock(testApp, 1);
    await testApp.startWorker();
    await eventually(async () => {
      expect(await setsIn(testApp)).toEqual(kept);
    });
  });
});

describe('reservations', () => {
  const refill = () => testApp.gateway.app.get(PoolRefillRepository);
  const tokens = (id: string) =>
    BOTH.map((product) => ({
      ...{ product, sealed: `${product}-${id}`, keyId: 'k1', expiresAt: new Date(Date.now() + 7_200_000) },
    }));
  const set = (id: string) => ({ id, products: BOTH, endpoint: 'eu', tokens: tokens(id) });
  const idsOf = async (worker: string, atMost: number) =>
    (await refill().reserve(worker, LIMITS, atMost, newSessionId)).flatMap(({ ids }) => ids);

  it('of many workers at once are together what is missing', async () => {
    await want(100);
    await stock(testApp, 10);
    const reserved = await Promise.all(Array.from({ length: 20 }, (_, n) => idsOf(`w${n}`, 7)));
    expect(reserved.flat()).toHaveLength(90);
    expect(new Set(reserved.flat()).size).toBe(90);
    expect(await idsOf('late', 7)).toEqual([]);
  });

  it('become sets, and count no longer', async () => {
    await want(3);
    const [id] = await idsOf('w', 2);
    expect(await refill().store('w', set(id!))).toBe(true);
    expect(await pool.levels(LIMITS)).toMatchObject([{ level: 1, minting: 1, target: 3 }]);
    expect(await idsOf('w', 10)).toHaveLength(1);
  });

  it('are stored once, however often it is repeated, also after the set was taken', async () => {
    await want(1);
    const [id] = await idsOf('w', 1);
    expect(await refill().store('w', set(id!))).toBe(true);
    expect(await refill().store('w', set(id!))).toBe(true);
    expect(await setsIn(testApp)).toEqual([id]);
    await expectKnown(testApp.gateway);
    const opened = await testApp.gateway.app.get(PoolRepository).kindsReady(LIMITS);
    expect(opened).toEqual([BOTH]);
    await testApp.database.rows(
      `WITH taken AS (DELETE FROM pool_sets RETURNING id)
       INSERT INTO sessions (id, generation, status, products, created_by, ready_at, expires_at, deadline_at, due_at)
       SELECT id, 1, 'ready', '{stream,sync}', 'key:abcd', now(), now() + interval '1 hour', now(), now() FROM taken`,
    );
    expect(await refill().store('w', set(id!))).toBe(true);
    expect(await setsIn(testApp)).toEqual([]);
  });

  it('of a worker that no longer renews them are given to others, and its sets are refused', async () => {
    await want(4);
    const ids = await idsOf('dead', 4);
    expect(await idsOf('other', 4)).toEqual([]);
    await testApp.database.rows(`UPDATE pool_reservations SET held_until = now()`);
    await refill().view('dead', LIMITS);
    expect(await idsOf('other', 4)).toHaveLength(4);
    expect(await refill().store('dead', set(ids[0]!))).toBe(false);
    expect(await setsIn(testApp)).toEqual([]);
  });

  it('are renewed by looking at the plan', async () => {
    await want(4);
    await idsOf('w', 4);
    await testApp.database.rows(`UPDATE pool_reservations SET held_until = now() + interval '1 s'`);
    await refill().view('w', LIMITS);
    const rows = await testApp.database.rows(
      `SELECT FROM pool_reservations WHERE held_until > now() + interval '10 s'`,
    );
    expect(rows).toHaveLength(1);
  });

  it('that are released are missing again', async () => {
    await want(4);
    const ids = await idsOf('w', 4);
    await refill().release('w', ids.slice(0, 3));
    expect(await idsOf('other', 9)).toHaveLength(3);
    await refill().releaseAll('w');
    expect(await idsOf('other', 9)).toHaveLength(1);
  });
});

describe('the target of a set of products', () => {
  const targets = [{ products: BOTH, target: 7 }];
  const entry = (at: number, until: number, target: number) => () => ({
    ...{ products: BOTH, at: inS(at), until: inS(until), target },
  });
  it.each([
    ['is the standing one without a schedule', [], 7, null],
    ['is that of the entry that covers the time', [entry(-60, 60, 100)], 100, 60],
    ['is the largest of several', [entry(-60, 60, 100), entry(-9, 30, 200)], 200, 30],
    ['is the standing one before and after', [entry(-60, -1, 100), entry(50, 60, 9)], 7, 50],
    ['may be 0 for a time', [entry(-60, 60, 0)], 0, 60],
  ])('%s', async (_what, schedule, target, changesInS) => {
    await pool.replacePlan({ targets, schedule: schedule.map((of) => of()) }, 'cli');
    const { demands } = await testApp.gateway.app.get(PoolRefillRepository).view('w', LIMITS);
    expect(demands).toMatchObject([{ products: BOTH, target }]);
    const seconds = demands[0]?.changesInMs ?? null;
    if (changesInS === null) expect(seconds).toBeNull();
    else expect(Math.abs((seconds ?? 0) / 1000 - changesInS)).toBeLessThan(2);
    expect((await pool.levels(LIMITS))[0]).toMatchObject({ target });
  });

  it('is 0 without a plan', async () => {
    await pool.replacePlan({ targets: [], schedule: [] }, 'cli');
    const { demands } = await testApp.gateway.app.get(PoolRefillRepository).view('w', LIMITS);
    expect([demands, await pool.levels(LIMITS)]).toEqual([[], []]);
  });
});
