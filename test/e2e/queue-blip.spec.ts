import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { repeatedly } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { expectHeld, expectReady } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';

/** Longer than these tests: what heals here does so without the sweeper. */
const NO_SWEEPER = { SWEEP_EVERY_MS: '60000' };

describe('without the sweeper’s help', () => {
  let deployment: TestDeployment;
  const accepted: string[] = [];
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: 'redis', ownPostgres: true, env: NO_SWEEPER });
  });
  afterAll(() => deployment.end());

  it('sessions that were accepted while Redis was unavailable for 3 s are ready within 5 s of its return', async () => {
    await deployment.stopRedis();
    await repeatedly(500, 3000, async () => {
      const { status, body } = await deployment.client().openRoom(`blip-${accepted.length}`);
      expect(status).toBe(202);
      accepted.push(body.id);
    });
    await deployment.restartRedis();
    await expectReady(deployment, accepted, 5000);
    await expectInvariants(deployment, accepted);
  }, 60_000);

  it('sessions that were accepted while Redis was full are ready within 5 s of there being room', async () => {
    const redis = new Redis(deployment.redis?.url ?? '');
    await redis.config('SET', 'maxmemory', '1');
    const full: string[] = [];
    await repeatedly(300, 1500, async () => {
      full.push((await deployment.client().openRoom(`full-${full.length}`)).body.id);
    });
    await redis.config('SET', 'maxmemory', '0');
    redis.disconnect();
    accepted.push(...full);
    await expectReady(deployment, full, 5000);
  }, 60_000);

  it('a token that was minted while Postgres was unavailable for 3 s is published, and none is minted a second time', async () => {
    const before = (await deployment.cas.summary()).stream.tokens;
    await deployment.cas.fault({ kind: 'hang', times: 1 });
    const { body } = await deployment.client().openRoom('minted-meanwhile');
    accepted.push(body.id);
    await expectHeld(deployment, 1);
    await deployment.stopPostgres('immediate');
    await deployment.cas.release();
    await repeatedly(500, 3000, async () => {
      expect((await deployment.client().read(body.id)).status).toBe(503);
    });
    await deployment.restartPostgres();
    await expectReady(deployment, [body.id], 20_000);
    expect((await deployment.cas.summary()).stream.tokens - before).toBe(1);
    await expectInvariants(deployment, accepted);
  }, 60_000);
});
