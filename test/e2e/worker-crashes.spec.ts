import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { expectHeld, expectNoJobs, expectReady } from '../support/sessions.js';
import { type Backend, World } from '../support/world.js';

/** Lock (2 s) and two looks for stalled jobs (0.5 s each), with slack for a busy machine. */
const TAKE_OVER_MS = 15_000;

describe.each<Backend>(['postgres', 'redis'])('a worker that dies, with the queue in %s', (queue) => {
  let world: World;
  const accepted: string[] = [];

  beforeAll(async () => {
    world = await World.start({ queue, workers: 0 });
  });
  afterEach(async () => {
    await world.cas.clearFaults();
    await Promise.all(world.workers.map((worker) => worker.end()));
  });
  afterAll(() => world.end());

  async function open(room: string): Promise<string> {
    const { body } = await world.client().openRoom(room);
    accepted.push(body.id);
    return body.id;
  }

  it('during its call to CAS is replaced by another, and one token is published', async () => {
    await world.cas.fault({ kind: 'hang', times: 1 });
    const victim = await world.startWorker();
    const id = await open('killed-during-call');
    await expectHeld(world, 1);
    await victim.kill9();
    await world.startWorker();
    await expectReady(world, [id], TAKE_OVER_MS);
    await expectInvariants(world, accepted);
  });

  it('after CAS answered, before anything was written, wastes that mint and nothing else', async () => {
    const before = (await world.cas.summary()).stream.calls;
    const victim = await world.startWorker({ FAILPOINT: 'after-cas' });
    const id = await open('killed-before-commit');
    expect((await victim.exited).signal).toBe('SIGKILL');
    await world.startWorker();
    await expectReady(world, [id], TAKE_OVER_MS);
    expect((await world.cas.summary()).stream.calls - before).toBe(2);
    await expectInvariants(world, accepted);
  });

  it('after it published, before its job was finished, causes no second call to CAS', async () => {
    const before = (await world.cas.summary()).stream.calls;
    const victim = await world.startWorker({ FAILPOINT: 'after-publish' });
    const id = await open('killed-after-commit');
    expect((await victim.exited).signal).toBe('SIGKILL');
    await expectReady(world, [id], TAKE_OVER_MS);
    await world.startWorker();
    await expectNoJobs(world, TAKE_OVER_MS);
    expect((await world.cas.summary()).stream.calls - before).toBe(1);
  });

  it('five times over the same session does not lose it', async () => {
    await world.cas.fault({ kind: 'hang' });
    const id = await open('killed-five-times');
    for (let kills = 0; kills < 5; kills++) {
      const victim = await world.startWorker();
      await expectHeld(world, 1, TAKE_OVER_MS);
      await victim.kill9();
      await eventually(async () => {
        expect(await world.cas.held()).toBe(0);
      });
    }
    await world.cas.clearFaults();
    await world.startWorker();
    await expectReady(world, [id], TAKE_OVER_MS);
  }, 90_000);
});
