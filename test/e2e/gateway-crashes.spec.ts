import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { expectReady } from '../support/sessions.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';
import { expectTimeline } from '../support/timelines.js';

describe.each<Backend>(['postgres', 'redis'])('a gateway that dies, with the queue in %s', (queue) => {
  let deployment: TestDeployment;
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue });
  });
  afterAll(() => deployment.end());

  it('between its commit and its job leaves a session that the sweeper brings to its end', async () => {
    const victim = await deployment.startGateway({ FAILPOINT: 'before-enqueue' });
    await expect(deployment.client().openRoom('no-job')).rejects.toThrow();
    expect((await victim.exited).signal).toBe('SIGKILL');
    const [row] = await deployment.database.rows<{ id: string }>(`SELECT id FROM sessions WHERE room = 'no-job'`);
    // Due 10 s after its creation, and swept soon after.
    await expectReady(deployment, [row?.id ?? 'missing'], 20_000);
    const other = new Client(deployment.gateways[0]?.url ?? '', deployment.apiKey);
    await expectTimeline(other, row?.id ?? 'missing', 'In the queue for 1', 'The sweeper found no progress', 'Ready');
    await other.end();
    await expectInvariants(deployment, [row?.id ?? 'missing']);
  });

  it('before its commit leaves nothing, and the repeated request with the same key makes one session', async () => {
    const victim = await deployment.startGateway();
    const [{ count: before } = { count: 0 }] = await deployment.database.rows<{ count: number }>(
      'SELECT count(*)::int FROM sessions',
    );
    const blocker = await deployment.database.pool.connect();
    await blocker.query('BEGIN; LOCK TABLE sessions IN SHARE MODE');
    const cut = deployment.client().create({ key: 'kick-off' });
    await eventually(async () => {
      const waiting = await deployment.database.rows(
        `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'sessions'::regclass`,
      );
      expect(waiting).not.toEqual([]);
    });
    await victim.kill9();
    await expect(cut).rejects.toThrow();
    await blocker.query('COMMIT');
    blocker.release();
    await eventually(async () => {
      expect(await deployment.database.rows('SELECT count(*)::int FROM sessions')).toEqual([{ count: before }]);
    });

    const other = new Client(deployment.gateways[0]?.url ?? '', deployment.apiKey);
    const first = await other.create({ key: 'kick-off', wait: 10 });
    const again = await other.create({ key: 'kick-off', wait: 10 });
    await other.end();
    expect(first.status).toBe(201);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(await deployment.database.rows('SELECT count(*)::int FROM sessions')).toEqual([{ count: before + 1 }]);
  });
});
