import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { rawQueue } from '../support/queue.js';
import { expectHeld, expectNoJobs, expectReady } from '../support/sessions.js';
import { type Backend, World } from '../support/world.js';

/** Longer than any wait in these tests, so that nobody's help is needed but the one that is tested. */
const NO_SWEEPER = { SWEEP_EVERY_MS: '60000' };

describe.each<Backend>(['postgres', 'redis'])('what comes late, with the queue in %s', (backend) => {
  let world: World;
  const accepted: string[] = [];
  beforeAll(async () => {
    world = await World.start({ queue: backend, gateways: 2, workers: 2, env: NO_SWEEPER });
  });
  afterEach(() => world.cas.clearFaults());
  afterAll(() => world.end());

  async function open(room: string, products: string[] = ['stream']): Promise<string> {
    const { body } = await world.client().openRoom(room, { body: { products } });
    accepted.push(body.id);
    return body.id;
  }

  it('a session closed while CAS holds its mint stays closed, and the room’s next generation gets another token', async () => {
    await world.cas.clearJournal();
    await world.cas.fault({ kind: 'hang', times: 1 });
    const closed = await open('closed-in-flight');
    await expectHeld(world, 1);
    expect((await world.client().close(closed)).status).toBe(204);
    const next = await world.client().openRoom('closed-in-flight', { wait: 10 });
    accepted.push(next.body.id);
    expect(next.body).toMatchObject({ status: 'ready', generation: 2 });
    await world.cas.release();
    await expectNoJobs(world);

    expect((await world.client().read(closed)).body).toMatchObject({ code: 'session-closed' });
    expect(await world.database.rows('SELECT sealed FROM session_tokens WHERE session_id = $1', [closed])).toEqual([]);
    expect((await world.cas.summary()).stream.tokens).toBe(2);
    await expectInvariants(world, accepted);
  });

  it('a session past its deadline while CAS holds its mint stays failed', async () => {
    await world.cas.fault({ kind: 'hang', times: 1 });
    const id = await open('overdue-in-flight');
    await expectHeld(world, 1);
    await world.database.rows(`UPDATE sessions SET deadline_at = now() WHERE id = $1`, [id]);
    expect((await world.client().read(id)).body).toMatchObject({
      status: 'failed',
      failure: { code: 'deadline-exceeded', retryable: true },
    });
    await world.cas.release();
    await expectNoJobs(world);
    expect(await world.database.rows('SELECT 1 FROM session_tokens WHERE session_id = $1', [id])).toEqual([]);
    await world.client().close(id);
  });

  it('a session that expires while another run still holds its mint stays expired, without a readable token', async () => {
    await world.cas.fault({ kind: 'hang', times: 1 });
    const id = await open('expired-in-flight');
    await expectHeld(world, 1);
    const queue = rawQueue(world);
    await queue.add('mint-tokens', { sessionId: id }, { jobId: `twin-${id}` });
    await queue.close();
    await expectReady(world, [id]);
    await world.database.rows(`UPDATE sessions SET expires_at = now() WHERE id = $1`, [id]);
    const next = await world.client().openRoom('expired-in-flight', { wait: 10 });
    accepted.push(next.body.id);
    expect(next.body).toMatchObject({ status: 'ready', generation: 2 });
    await world.cas.release();
    await expectNoJobs(world);
    expect((await world.client().read(id)).body).toMatchObject({ code: 'session-expired' });
    expect(await world.database.rows('SELECT sealed FROM session_tokens WHERE session_id = $1', [id])).toEqual([
      { sealed: null },
    ]);
    await expectInvariants(world, accepted);
  });

  it('two runs that publish one product each make the session ready by themselves', async () => {
    await world.cas.fault({ kind: 'hang', product: 'stream', times: 1 });
    await world.cas.fault({ kind: 'hang', product: 'sync', times: 2 });
    const id = await open('one-each', ['stream', 'sync']);
    await expectHeld(world, 2);
    // A second run, as after a lost lock; its stream mint is answered at once, its sync mint is held too.
    const queue = rawQueue(world);
    await queue.add('mint-tokens', { sessionId: id }, { jobId: `twin-${id}` });
    await queue.close();
    await expectHeld(world, 3);
    await world.cas.release();
    await expectReady(world, [id]);
    await expectNoJobs(world);
    await expectInvariants(world, accepted);
  });

  it('opening against closing never leaves two live sessions nor an open room without one', async () => {
    const ids = new Set<string>();
    for (let round = 0; round < 15; round++) {
      const current = await world.client(0).openRoom('open-close');
      ids.add(current.body.id);
      const [, ...opened] = await Promise.all([
        world.client(1).close(current.body.id),
        ...Array.from({ length: 4 }, (_, n) => world.client(n % 2).openRoom('open-close')),
      ]);
      for (const { status, body } of opened) {
        expect([200, 201, 202]).toContain(status);
        ids.add(body.id);
      }
    }
    const live = await world.database.rows(
      `SELECT generation FROM sessions WHERE room = 'open-close' AND status IN ('pending', 'ready', 'failed')`,
    );
    expect(live.length).toBeLessThanOrEqual(1);
    const generations = await world.database.rows<{ generation: number }>(
      `SELECT generation FROM sessions WHERE room = 'open-close' ORDER BY generation`,
    );
    expect(generations.map((row) => row.generation)).toEqual(generations.map((_, n) => n + 1));
    await expectNoJobs(world);
    await expectInvariants(world, ids);
  });

  it('a room whose session has expired gets one new generation, however many ask', async () => {
    const old = await open('expired');
    await expectReady(world, [old]);
    await world.database.rows(`UPDATE sessions SET expires_at = now() WHERE id = $1`, [old]);
    expect((await world.client().read(old)).body).toMatchObject({ code: 'session-expired' });
    const opened = await Promise.all(Array.from({ length: 20 }, (_, n) => world.client(n % 2).openRoom('expired')));
    const ids = new Set(opened.map((reply) => reply.body.id));
    expect(ids.size).toBe(1);
    expect(ids.has(old)).toBe(false);
    expect(opened.every((reply) => reply.body.generation === 2)).toBe(true);
    accepted.push(...ids);
    const gone = await world.client().read(old);
    expect(gone.status).toBe(410);
    expect(gone.headers.link).toBe(`</v1/sessions/${[...ids][0] ?? ''}>; rel="successor-version"`);
    expect(await world.database.rows('SELECT sealed FROM session_tokens WHERE session_id = $1', [old])).toEqual([
      { sealed: null },
    ]);
  });

  it('two re-opens of a failed session put it back once, and not again within 10 s', async () => {
    await world.cas.fault({ kind: 'hang' });
    const id = await open('re-opened');
    await world.database.rows(
      `UPDATE sessions SET status = 'failed', failure_code = 'cas-unavailable', ended_at = now() WHERE id = $1`,
      [id],
    );
    const opened = await Promise.all(Array.from({ length: 10 }, (_, n) => world.client(n % 2).openRoom('re-opened')));
    expect(new Set(opened.map((reply) => reply.body.id))).toEqual(new Set([id]));
    expect(opened.every((reply) => reply.body.generation === 1)).toBe(true);
    const [row] = await world.database.rows<{ version: number; status: string }>(
      'SELECT version, status FROM sessions WHERE id = $1',
      [id],
    );
    expect(row).toEqual({ version: 2, status: 'pending' });
    await world.database.rows(
      `UPDATE sessions SET status = 'failed', failure_code = 'cas-unavailable', ended_at = now() WHERE id = $1`,
      [id],
    );
    const crowd = await Promise.all(Array.from({ length: 40 }, () => world.client().openRoom('re-opened')));
    for (const again of crowd) {
      expect(again.status).toBe(200);
      expect(again.body).toMatchObject({ id, status: 'failed', failure: { code: 'cas-unavailable', retryable: true } });
    }
    await world.cas.clearFaults();
    await expectNoJobs(world);
    expect((await world.client().retry(id)).status).toBe(202);
    await expectReady(world, [id]);
  });

  it('a retry at the very deadline holds, whether it or the sweeper comes first', async () => {
    await world.cas.fault({ kind: 'hang' });
    const id = await open('retry-and-sweeper');
    const sweeping = await world.startWorker({ SWEEP_EVERY_MS: '100' });
    const row = async () => {
      const [found] = await world.database.rows<{ status: string; left: number }>(
        'SELECT status, extract(epoch FROM deadline_at - now())::float8 AS left FROM sessions WHERE id = $1',
        [id],
      );
      return found;
    };
    for (let round = 0; round < 40; round++) {
      await world.database.rows(`UPDATE sessions SET deadline_at = clock_timestamp() WHERE id = $1`, [id]);
      const [retried] = await Promise.all([world.client(0).retry(id), world.client(1).retry(id)]);
      expect([retried.status, retried.body.status]).toEqual([202, 'pending']);
      await new Promise((resolve) => setTimeout(resolve, round * 3));
      expect(await row()).toEqual({ status: 'pending', left: expect.any(Number) });
      expect((await row())?.left).toBeGreaterThan(800);
    }
    await world.cas.clearFaults();
    await expectReady(world, [id]);
    await sweeping.end();
    world.workers.splice(world.workers.indexOf(sweeping), 1);
  }, 60_000);

  it('a retry of a session whose old job still waits runs now, not when the old wait is over', async () => {
    await world.cas.fault({ kind: 'status', status: 503, retryAfter: '60', times: 1 });
    const id = await open('waiting-job');
    await eventually(async () => {
      expect(
        await world.database.rows('SELECT 1 FROM sessions WHERE id = $1 AND not_before IS NOT NULL', [id]),
      ).toHaveLength(1);
    });
    await world.database.rows(`UPDATE sessions SET status = 'failed', ended_at = now() WHERE id = $1`, [id]);
    expect((await world.client().retry(id)).status).toBe(202);
    await expectReady(world, [id], 10_000);
  });
});
