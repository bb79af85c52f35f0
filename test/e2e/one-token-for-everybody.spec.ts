import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fingerprint } from '../support/cas-sandbox.js';
import { expectInvariants } from '../support/invariants.js';
import { type Backend, World } from '../support/world.js';

describe.each<Backend>(['postgres', 'redis'])('with the queue in %s', (queue) => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ queue, gateways: 2, workers: 1 });
  });
  afterAll(() => world.end());

  it('gives every client of a room, on any gateway, the token that CAS issued once', async () => {
    const first = await world.client(0).openRoom('derby', { wait: 10 });
    expect(first.status).toBe(201);
    const second = await world.client(1).openRoom('derby', { wait: 10 });
    expect(second.status).toBe(200);
    const third = await world.client(1).read(first.body.id);
    expect(third.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(third.body).toEqual(first.body);

    const calls = await world.cas.journal();
    expect(calls).toHaveLength(1);
    expect(calls[0]?.tokenFingerprint).toBe(fingerprint(first.body.tokens?.stream ?? ''));
    await expectInvariants(world, [first.body.id]);
  });

  it('still knows the token after every process was killed, and asks CAS no more', async () => {
    const before = await world.client(0).openRoom('derby');
    await Promise.all([...world.gateways, ...world.workers].map((process) => process.kill9()));
    await Promise.all([world.startGateway(), world.startWorker()]);
    const after = await world.client().openRoom('derby', { wait: 10 });
    expect(after.body.tokens).toEqual(before.body.tokens);
    expect(await world.cas.journal()).toHaveLength(1);
  });
});
