import { PoolRefillRepository, PoolRepository, ResealingRepository } from '@app/entities';
import { newSessionId } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectKnown } from '../support/pool.js';
import { rowsRead, scannedTables, statementsOf } from '../support/statements.js';
import { TestApp } from '../support/test-app.js';

const BOTH = ['stream', 'sync'] as ('stream' | 'sync')[];
const LIMITS = { minLifeS: 3600, maxAgeS: 3600 };
/** More than a batch, much less than there are. */
const FEW = 5000;

/** 60,000 sets of which 4,000 are too old and 4,000 live too short. No statistics tell of them. */
const FILL = `
  INSERT INTO pool_sets (id, products, sealed, key_id, token_expires_at, expires_at, cas_endpoint, minted_at)
  SELECT 'ses_' || lpad(n::text, 22, '0'), '{stream,sync}', '{a,b}', 'k1', ARRAY[t.ends, t.ends], t.ends, 'eu',
         now() - CASE WHEN n % 15 = 0 THEN interval '2 hours' ELSE interval '1 minute' END - n * interval '1 millisecond'
  FROM generate_series(1, 60000) n,
       LATERAL (SELECT now() + CASE WHEN n % 15 = 1 THEN interval '1 minute' ELSE interval '2 hours' END AS ends) t`;

describe('with 60,000 sets in the pool', () => {
  let testApp: TestApp;
  const service = <T>(type: new (...of: never[]) => T): T => testApp.gateway.app.get(type);
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
    await testApp.database.rows(FILL);
    await expectKnown(testApp.gateway);
    await service(PoolRepository).replacePlan({ targets: [{ products: BOTH, target: 100 }], schedule: [] }, 'cli');
  }, 60_000);
  afterAll(() => testApp.end());

  const sentBy = async (work: () => Promise<unknown>) => {
    const sent = (await statementsOf(work)).filter(({ sql }) => sql.includes('pool_sets'));
    expect(sent.length).toBeGreaterThan(0);
    return sent;
  };

  it.each<[string, () => Promise<unknown>]>([
    // Tokens that no key has sealed: what is asked here is how they are found.
    ['an open', () => testApp.client.openRoom('large', { body: { products: BOTH } })],
    ['a session with an Idempotency-Key', () => testApp.client.create({ body: { products: BOTH }, key: 'large' })],
    ['a look of a gateway', () => service(PoolRepository).kindsReady(LIMITS)],
    ['a look of a worker', () => service(PoolRefillRepository).view('w', LIMITS)],
    ['a reservation', () => service(PoolRefillRepository).reserve('w', LIMITS, 10, newSessionId)],
    ['discarding', () => service(PoolRepository).discard(LIMITS)],
    ['resealing', () => service(ResealingRepository).setsSealedBy('k1', '', 200)],
  ])('%s finds its sets by an index', async (_what, work) => {
    for (const statement of await sentBy(work))
      expect([statement.sql, await scannedTables(testApp.database, statement)]).toEqual([
        statement.sql,
        expect.not.arrayContaining(['pool_sets']),
      ]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a look of a gateway', () => service(PoolRepository).kindsReady(LIMITS)],
    ['a look of a worker', () => service(PoolRefillRepository).view('w', LIMITS)],
  ])('%s reads few of them', async (_what, work) => {
    for (const statement of await sentBy(work)) expect(await rowsRead(testApp.database, statement)).toBeLessThan(FEW);
  });
});
