import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { expectHeld, expectNoJobs, expectReady, metric } from '../support/sessions.js';
import { type Backend, World } from '../support/world.js';

describe.each<Backend>(['postgres', 'redis'])(
  'a worker that freezes with its mint in flight, with the queue in %s',
  (queue) => {
    let world: World;
    const accepted: string[] = [];
    beforeAll(async () => {
      // A call may take longer than the freeze: what wakes up then has a token in its hands.
      world = await World.start({ queue, workers: 1, env: { CAS_TIMEOUT_MS: '60000' } });
    });
    afterEach(() => world.cas.clearFaults());
    afterAll(() => world.end());

    /** Opens a room, freezes the worker that mints for it and gives the session. */
    async function freezeDuring(room: string): Promise<string> {
      await world.cas.fault({ kind: 'hang', times: 1 });
      const { body } = await world.client().openRoom(room);
      accepted.push(body.id);
      await expectHeld(world, 1);
      world.worker.signal('SIGSTOP');
      return body.id;
    }

    it('is replaced, and its late mint is discarded and counted', async () => {
      const frozen = world.worker;
      const id = await freezeDuring('frozen');
      await world.startWorker();
      await expectReady(world, [id], 20_000);
      const before = await world.client().read(id);
      await world.cas.release();
      frozen.signal('SIGCONT');
      await eventually(async () => {
        expect(await metric(frozen.opsUrl, 'wasted_mints_total')).toBe(1);
      });
      expect((await world.client().read(id)).body).toEqual(before.body);
      await world.worker.end();
      await expectInvariants(world, accepted);
      world.workers.splice(1);
    }, 60_000);

    it('does not bring back a session that was closed meanwhile', async () => {
      const frozen = world.worker;
      const id = await freezeDuring('frozen-and-closed');
      expect((await world.client().close(id)).status).toBe(204);
      await world.cas.release();
      frozen.signal('SIGCONT');
      await eventually(async () => {
        expect(await metric(frozen.opsUrl, 'wasted_mints_total')).toBe(2);
      });
      expect((await world.client().read(id)).status).toBe(410);
      await expectNoJobs(world);
      await expectInvariants(world, accepted);
    }, 60_000);
  },
);
