import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { expectHeld, expectNoJobs, expectReady } from '../support/sessions.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';
import { expectTimeline } from '../support/timelines.js';

/** Lock (2 s) and two looks for stalled jobs (0.5 s each), with slack for a busy machine. */
const TAKE_OVER_MS = 15_000;

describe.each<Backend>(['postgres', 'redis'])('a worker that dies, with the queue in %s', (queue) => {
  let deployment: TestDeployment;
  const accepted: string[] = [];

  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue, workers: 0 });
  });
  afterEach(async () => {
    await deployment.cas.clearFaults();
    await Promise.all(deployment.workers.map((worker) => worker.end()));
  });
  afterAll(() => deployment.end());

  async function open(room: string): Promise<string> {
    const { body } = await deployment.client().openRoom(room);
    accepted.push(body.id);
    return body.id;
  }

  it('during its call to CAS is replaced by another, and one token is published', async () => {
    await deployment.cas.fault({ kind: 'hang', times: 1 });
    const victim = await deployment.startWorker();
    const id = await open('killed-during-call');
    await expectHeld(deployment, 1);
    await victim.kill9();
    await deployment.startWorker();
    await expectReady(deployment, [id], TAKE_OVER_MS);
    await expectInvariants(deployment, accepted);
    await expectTimeline(deployment.client(), id, 'Taken over: a worker took the job before', 'Ready after');
  });

  it('after CAS answered, before anything was written, wastes that mint and nothing else', async () => {
    const before = (await deployment.cas.summary()).stream.calls;
    const victim = await deployment.startWorker({ FAILPOINT: 'after-cas' });
    const id = await open('killed-before-commit');
    expect((await victim.exited).signal).toBe('SIGKILL');
    await deployment.startWorker();
    await expectReady(deployment, [id], TAKE_OVER_MS);
    expect((await deployment.cas.summary()).stream.calls - before).toBe(2);
    await expectInvariants(deployment, accepted);
    await expectTimeline(deployment.client(), id, 'Taken over: a worker took the job before', 'issued a stream token');
  });

  it('after it published, before its job was finished, causes no second call to CAS', async () => {
    const before = (await deployment.cas.summary()).stream.calls;
    const victim = await deployment.startWorker({ FAILPOINT: 'after-publish' });
    const id = await open('killed-after-commit');
    expect((await victim.exited).signal).toBe('SIGKILL');
    await expectReady(deployment, [id], TAKE_OVER_MS);
    await deployment.startWorker();
    await expectNoJobs(deployment, TAKE_OVER_MS);
    expect((await deployment.cas.summary()).stream.calls - before).toBe(1);
  });

  it('five times over the same session does not lose it', async () => {
    await deployment.cas.fault({ kind: 'hang' });
    const id = await open('killed-five-times');
    // Out of the sweeper's reach, which would add the job again and hide that it was dropped.
    await deployment.database.rows(`UPDATE sessions SET due_at = now() + interval '1 hour' WHERE id = $1`, [id]);
    for (let kills = 0; kills < 5; kills++) {
      const victim = await deployment.startWorker();
      await expectHeld(deployment, 1, TAKE_OVER_MS);
      await victim.kill9();
      await eventually(async () => {
        expect(await deployment.cas.held()).toBe(0);
      });
    }
    await deployment.cas.clearFaults();
    await deployment.startWorker();
    await expectReady(deployment, [id], TAKE_OVER_MS);
    await expectTimeline(deployment.client(), id, 'Taken over: 5 workers took the job before', 'Ready after');
  }, 90_000);
});
