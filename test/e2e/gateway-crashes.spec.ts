import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { expectReady } from '../support/sessions.js';
import { type Backend, World } from '../support/world.js';

describe.each<Backend>(['postgres', 'redis'])('a gateway that dies, with the queue in %s', (queue) => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ queue });
  });
  afterAll(() => world.end());

  it('between its commit and its job leaves a session that the sweeper brings to its end', async () => {
    const victim = await world.startGateway({ FAILPOINT: 'before-enqueue' });
    await expect(world.client().openRoom('no-job')).rejects.toThrow();
    expect((await victim.exited).signal).toBe('SIGKILL');
    const [row] = await world.database.rows<{ id: string }>(`SELECT id FROM sessions WHERE room = 'no-job'`);
    // Due 10 s after its creation, and swept soon after.
    await expectReady(world, [row?.id ?? 'missing'], 20_000);
    await expectInvariants(world, [row?.id ?? 'missing']);
  });

  it('before its commit leaves nothing, and the repeated request with the same key makes one session', async () => {
    const victim = await world.startGateway();
    const [{ count: before } = { count: 0 }] = await world.database.rows<{ count: number }>(
      'SELECT count(*)::int FROM sessions',
    );
    const blocker = await world.database.pool.connect();
    await blocker.query('BEGIN; LOCK TABLE sessions IN SHARE MODE');
    const cut = world.client().create({ key: 'kick-off' });
    await eventually(async () => {
      const waiting = await world.database.rows(
        `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'sessions'::regclass`,
      );
      expect(waiting).not.toEqual([]);
    });
    await victim.kill9();
    await expect(cut).rejects.toThrow();
    await blocker.query('COMMIT');
    blocker.release();
    await eventually(async () => {
      expect(await world.database.rows('SELECT count(*)::int FROM sessions')).toEqual([{ count: before }]);
    });

    const other = new Client(world.gateways[0]?.url ?? '', world.apiKey);
    const first = await other.create({ key: 'kick-off', wait: 10 });
    const again = await other.create({ key: 'kick-off', wait: 10 });
    await other.end();
    expect(first.status).toBe(201);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(await world.database.rows('SELECT count(*)::int FROM sessions')).toEqual([{ count: before + 1 }]);
  });
});
