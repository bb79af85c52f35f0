import { newSessionId, poolKind } from '@app/kernel';
import { Sealing } from '@app/sealing';
import { expect } from '@jest/globals';
import { PoolSupply } from '../../apps/gateway/src/pool/pool-supply.js';
import { eventually } from './eventually.js';
import type { RunningGateway, TestApp } from './test-app.js';

interface SetOptions {
  products?: string[];
  /** How long ago it was minted, in s. */
  ageS?: number;
  /** The life that its tokens have left, in s. */
  lifeS?: number;
}

/** Puts sets into the pool as a worker stores them, and returns their ids: tokens named after their set, sealed for it. */
export async function stock(
  testApp: TestApp,
  count: number,
  { products = ['stream', 'sync'], ageS = 0, lifeS = 7200 }: SetOptions = {},
): Promise<string[]> {
  const sealing = testApp.gateway.app.get(Sealing);
  const sets = Array.from({ length: count }, () => {
    const id = newSessionId();
    const sealed = products.map(
      (product) => sealing.seal(`${product}-of-${id}`, { sessionId: id, product: product as 'stream' }).sealed,
    );
    return { id, products, sealed };
  });
  await testApp.database.rows(
    `INSERT INTO pool_sets (id, products, sealed, key_id, token_expires_at, expires_at, cas_endpoint, minted_at)
     SELECT s.id, s.products, s.sealed, $2,
            ARRAY(SELECT now() + make_interval(secs => $4) FROM unnest(s.products)), now() + make_interval(secs => $4),
            'eu', now() - make_interval(secs => $3) + s.n * interval '1 microsecond'
     FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (id text, products text[], sealed text[])) WITH ORDINALITY AS s (id, products, sealed, n)`,
    [JSON.stringify(sets), sealing.sealingKeyId, ageS, lifeS],
  );
  return sets.map(({ id }) => id);
}

/** The sets that are in the pool, by id. */
export async function setsIn(testApp: Pick<TestApp, 'database'>): Promise<string[]> {
  const rows = await testApp.database.rows<{ id: string }>('SELECT id FROM pool_sets ORDER BY minted_at, id');
  return rows.map(({ id }) => id);
}

/** Waits until a gateway knows of sets of these products, which it looks for once a second. */
export async function expectKnown(gateway: RunningGateway, products: string[] = ['stream', 'sync']): Promise<void> {
  await eventually(() => {
    expect([poolKind(products), gateway.app.get(PoolSupply).limitsFor(products)]).toEqual([
      poolKind(products),
      expect.anything(),
    ]);
  });
}
