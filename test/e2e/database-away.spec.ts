import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, repeatedly } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { expectHeld, expectReady } from '../support/sessions.js';
import { type Backend, World } from '../support/world.js';

describe.each<Backend>(['postgres', 'redis'])('Postgres goes away, with the queue in %s', (queue) => {
  let world: World;
  const accepted: string[] = [];
  beforeAll(async () => {
    world = await World.start({ queue, ownPostgres: true, env: { DATABASE_TIMEOUT_MS: '1200' } });
  });
  afterAll(() => world.end());

  async function ready(): Promise<number> {
    return (await fetch(`${world.gateway.opsUrl}/readyz`)).status;
  }

  it.each(['fast', 'immediate'] as const)(
    'by a %s shutdown: 503 at once, readiness red, and all by itself back',
    async (mode) => {
      await world.cas.fault({ kind: 'hang', times: 1 });
      const held = await world.client().openRoom(`held-${mode}`);
      accepted.push(held.body.id);
      await expectHeld(world, 1);

      await world.stopPostgres(mode);
      await world.cas.release();
      await repeatedly(250, 5000, async () => {
        const asked = performance.now();
        const reply = await world.client().openRoom(`away-${mode}`);
        expect(reply.status).toBe(503);
        expect(reply.headers['retry-after']).toBe('1');
        expect(reply.body).toMatchObject({ code: 'unavailable', retryable: true });
        expect(performance.now() - asked).toBeLessThan(2000);
      });
      expect(await ready()).toBe(503);

      await world.restartPostgres();
      const back = await eventually(async () => {
        const reply = await world.client().openRoom(`back-${mode}`, { wait: 5 });
        expect(reply.body.status).toBe('ready');
        return reply;
      }, 20_000);
      accepted.push(back.body.id);
      await expectReady(world, accepted, 30_000);
      expect(await ready()).toBe(200);
      await expectInvariants(world, accepted);
    },
    60_000,
  );
});
