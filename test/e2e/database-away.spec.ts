import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, repeatedly } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { expectHeld, expectReady } from '../support/sessions.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';
import { expectTimeline } from '../support/timelines.js';

describe.each<Backend>(['postgres', 'redis'])('Postgres goes away, with the queue in %s', (queue) => {
  let deployment: TestDeployment;
  const accepted: string[] = [];
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue, ownPostgres: true, env: { DATABASE_TIMEOUT_MS: '1200' } });
  });
  afterAll(() => deployment.end());

  async function ready(): Promise<number> {
    return (await fetch(`${deployment.gateway.opsUrl}/readyz`)).status;
  }

  it('the console tells it to an operator whose key it knows, and shows nothing else to anyone', async () => {
    const ask = (path: string, key = deployment.apiKey) =>
      fetch(`${deployment.gateway.opsUrl}/console/api/${path}`, { headers: { authorization: `Bearer ${key}` } });
    expect((await ask('overview')).status).toBe(200);
    await deployment.stopPostgres('fast');
    await eventually(async () => {
      const reply = await ask('overview');
      expect(reply.status).toBe(200);
      const { troubles } = (await reply.json()) as { troubles: { key: string; what: string }[] };
      expect(troubles).toMatchObject([{ key: 'database', what: 'The database does not answer' }]);
    }, 20_000);
    // Longer than a gateway takes a key for good without asking.
    await repeatedly(500, 6000, async () => {
      expect((await ask('overview')).status).toBe(200);
    });
    expect((await ask('sessions')).status).toBe(503);
    expect((await ask('overview', `wtk_other_${'x'.repeat(43)}`)).status).toBe(503);
    await deployment.restartPostgres();
    await eventually(async () => {
      expect((await ask('sessions')).status).toBe(200);
    }, 20_000);
  }, 60_000);

  it.each(['fast', 'immediate'] as const)(
    'by a %s shutdown: 503 at once, readiness red, and all by itself back',
    async (mode) => {
      await deployment.cas.fault({ kind: 'hang', times: 1 });
      const held = await deployment.client().openRoom(`held-${mode}`);
      accepted.push(held.body.id);
      await expectHeld(deployment, 1);

      await deployment.stopPostgres(mode);
      await deployment.cas.release();
      await repeatedly(250, 5000, async () => {
        const asked = performance.now();
        const reply = await deployment.client().openRoom(`away-${mode}`);
        expect(reply.status).toBe(503);
        expect(reply.headers['retry-after']).toBe('1');
        expect(reply.body).toMatchObject({ code: 'unavailable', retryable: true });
        expect(performance.now() - asked).toBeLessThan(2000);
      });
      expect(await ready()).toBe(503);

      await deployment.restartPostgres();
      const back = await eventually(async () => {
        const reply = await deployment.client().openRoom(`back-${mode}`, { wait: 5 });
        expect(reply.body.status).toBe('ready');
        return reply;
      }, 20_000);
      accepted.push(back.body.id);
      await expectReady(deployment, accepted, 30_000);
      expect(await ready()).toBe(200);
      await expectInvariants(deployment, accepted);
      await expectTimeline(
        deployment.client(),
        held.body.id,
        /database could not be reached|Taken over/,
        'Ready after',
      );
    },
    60_000,
  );
});
