import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { expectHeld, expectNoJobs, expectReady, metric } from '../support/sessions.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';
import { expectTimeline } from '../support/timelines.js';

describe.each<Backend>(['postgres', 'redis'])(
  'a worker that freezes with its mint in flight, with the queue in %s',
  (queue) => {
    let deployment: TestDeployment;
    const accepted: string[] = [];
    beforeAll(async () => {
      // A call may take longer than the freeze: what wakes up then has a token in its hands.
      deployment = await TestDeployment.start({ queue, workers: 1, env: { CAS_TIMEOUT_MS: '60000' } });
    });
    afterEach(() => deployment.cas.clearFaults());
    afterAll(() => deployment.end());

    /** Opens a room, freezes the worker that mints for it and gives the session. */
    async function freezeDuring(room: string): Promise<string> {
      await deployment.cas.fault({ kind: 'hang', times: 1 });
      const { body } = await deployment.client().openRoom(room);
      accepted.push(body.id);
      await expectHeld(deployment, 1);
      deployment.worker.signal('SIGSTOP');
      return body.id;
    }

    it('is replaced, and its late mint is discarded and counted', async () => {
      const frozen = deployment.worker;
      const id = await freezeDuring('frozen');
      await deployment.startWorker();
      await expectReady(deployment, [id], 20_000);
      const before = await deployment.client().read(id);
      await deployment.cas.release();
      frozen.signal('SIGCONT');
      await eventually(async () => {
        expect(await metric(frozen.opsUrl, 'wasted_mints_total')).toBe(1);
      });
      expect((await deployment.client().read(id)).body).toEqual(before.body);
      await expectTimeline(deployment.client(), id, 'Taken over', 'Ready', 'discarded: another run had published one');
      await deployment.worker.end();
      await expectInvariants(deployment, accepted);
      deployment.workers.splice(1);
    }, 60_000);

    it('does not bring back a session that was closed meanwhile', async () => {
      const frozen = deployment.worker;
      const id = await freezeDuring('frozen-and-closed');
      expect((await deployment.client().close(id)).status).toBe(204);
      await deployment.cas.release();
      frozen.signal('SIGCONT');
      await eventually(async () => {
        expect(await metric(frozen.opsUrl, 'wasted_mints_total')).toBe(2);
      });
      expect((await deployment.client().read(id)).status).toBe(410);
      await expectNoJobs(deployment);
      await expectInvariants(deployment, accepted);
    }, 60_000);
  },
);
