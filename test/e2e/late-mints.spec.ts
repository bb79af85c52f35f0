import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { rawQueue } from '../support/queue.js';
import { expectHeld, expectNoJobs, expectReady } from '../support/sessions.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';
import { expectTimeline } from '../support/timelines.js';

/** Longer than any wait in these tests, so that only the mechanism under test can help. */
const NO_SWEEPER = { SWEEP_EVERY_MS: '60000' };

describe.each<Backend>(['postgres', 'redis'])('what comes late, with the queue in %s', (backend) => {
  let deployment: TestDeployment;
  const accepted: string[] = [];
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: backend, gateways: 2, workers: 2, env: NO_SWEEPER });
  });
  afterEach(() => deployment.cas.clearFaults());
  afterAll(() => deployment.end());

  async function open(room: string, products: string[] = ['stream']): Promise<string> {
    const { body } = await deployment.client().openRoom(room, { body: { products } });
    accepted.push(body.id);
    return body.id;
  }

  it('a session closed while CAS holds its mint stays closed, and the room’s next generation gets another token', async () => {
    await deployment.cas.clearJournal();
    await deployment.cas.fault({ kind: 'hang', times: 1 });
    const closed = await open('closed-in-flight');
    await expectHeld(deployment, 1);
    expect((await deployment.client().close(closed)).status).toBe(204);
    const next = await deployment.client().openRoom('closed-in-flight', { wait: 10 });
    accepted.push(next.body.id);
    expect(next.body).toMatchObject({ status: 'ready', generation: 2 });
    await deployment.cas.release();
    await expectNoJobs(deployment);

    expect((await deployment.client().read(closed)).body).toMatchObject({ code: 'session-closed' });
    expect(await deployment.database.rows('SELECT sealed FROM session_tokens WHERE session_id = $1', [closed])).toEqual(
      [],
    );
    expect((await deployment.cas.summary()).stream.tokens).toBe(2);
    await expectInvariants(deployment, accepted);
    await expectTimeline(
      deployment.client(),
      closed,
      ' closed it;',
      'came too late and was discarded: the session had',
    );
  });

  it('a session past its deadline while CAS holds its mint stays failed', async () => {
    await deployment.cas.fault({ kind: 'hang', times: 1 });
    const id = await open('overdue-in-flight');
    await expectHeld(deployment, 1);
    await deployment.database.rows(`UPDATE sessions SET deadline_at = now() WHERE id = $1`, [id]);
    expect((await deployment.client().read(id)).body).toMatchObject({
      status: 'failed',
      failure: { code: 'deadline-exceeded', retryable: true },
    });
    await deployment.cas.release();
    await expectNoJobs(deployment);
    expect(await deployment.database.rows('SELECT 1 FROM session_tokens WHERE session_id = $1', [id])).toEqual([]);
    await expectTimeline(deployment.client(), id, 'Failed. Its deadline passed');
    await deployment.client().close(id);
  });

  it('a session that expires while another run still holds its mint stays expired, without a readable token', async () => {
    await deployment.cas.fault({ kind: 'hang', times: 1 });
    const id = await open('expired-in-flight');
    await expectHeld(deployment, 1);
    const queue = rawQueue(deployment);
    await queue.add('mint-tokens', { sessionId: id }, { jobId: `twin-${id}` });
    await queue.close();
    await expectReady(deployment, [id]);
    await deployment.database.rows(`UPDATE sessions SET expires_at = now() WHERE id = $1`, [id]);
    const next = await deployment.client().openRoom('expired-in-flight', { wait: 10 });
    accepted.push(next.body.id);
    expect(next.body).toMatchObject({ status: 'ready', generation: 2 });
    await deployment.cas.release();
    await expectNoJobs(deployment);
    expect((await deployment.client().read(id)).body).toMatchObject({ code: 'session-expired' });
    expect(await deployment.database.rows('SELECT sealed FROM session_tokens WHERE session_id = $1', [id])).toEqual([
      { sealed: null },
    ]);
    await expectInvariants(deployment, accepted);
  });

  it('two runs that publish one product each make the session ready by themselves', async () => {
    await deployment.cas.fault({ kind: 'hang', product: 'stream', times: 1 });
    await deployment.cas.fault({ kind: 'hang', product: 'sync', times: 2 });
    const id = await open('one-each', ['stream', 'sync']);
    await expectHeld(deployment, 2);
    // A second run, as after a lost lock; its stream mint is answered at once, its sync mint is held too.
    const queue = rawQueue(deployment);
    await queue.add('mint-tokens', { sessionId: id }, { jobId: `twin-${id}` });
    await queue.close();
    await expectHeld(deployment, 3);
    await deployment.cas.release();
    await expectReady(deployment, [id]);
    await expectNoJobs(deployment);
    await expectInvariants(deployment, accepted);
    await expectTimeline(deployment.client(), id, 'too late and was discarded: another run had published one');
  });

  it('opening against closing never leaves two live sessions nor an open room without one', async () => {
    const ids = new Set<string>();
    for (let round = 0; round < 15; round++) {
      const current = await deployment.client(0).openRoom('open-close');
      ids.add(current.body.id);
      const [, ...opened] = await Promise.all([
        deployment.client(1).close(current.body.id),
        ...Array.from({ length: 4 }, (_, n) => deployment.client(n % 2).openRoom('open-close')),
      ]);
      for (const { status, body } of opened) {
        expect([200, 201, 202]).toContain(status);
        ids.add(body.id);
      }
    }
    const live = await deployment.database.rows(
      `SELECT generation FROM sessions WHERE room = 'open-close' AND status IN ('pending', 'ready', 'failed')`,
    );
    expect(live.length).toBeLessThanOrEqual(1);
    const generations = await deployment.database.rows<{ generation: number }>(
      `SELECT generation FROM sessions WHERE room = 'open-close' ORDER BY generation`,
    );
    expect(generations.map((row) => row.generation)).toEqual(generations.map((_, n) => n + 1));
    await expectNoJobs(deployment);
    await expectInvariants(deployment, ids);
  });

  it('a room whose session has expired gets one new generation, however many ask', async () => {
    const old = await open('expired');
    await expectReady(deployment, [old]);
    await deployment.database.rows(`UPDATE sessions SET expires_at = now() WHERE id = $1`, [old]);
    expect((await deployment.client().read(old)).body).toMatchObject({ code: 'session-expired' });
    const opened = await Promise.all(
      Array.from({ length: 20 }, (_, n) => deployment.client(n % 2).openRoom('expired')),
    );
    const ids = new Set(opened.map((reply) => reply.body.id));
    expect(ids.size).toBe(1);
    expect(ids.has(old)).toBe(false);
    expect(opened.every((reply) => reply.body.generation === 2)).toBe(true);
    accepted.push(...ids);
    const gone = await deployment.client().read(old);
    expect(gone.status).toBe(410);
    expect(gone.headers.link).toBe(`</v1/sessions/${[...ids][0] ?? ''}>; rel="successor-version"`);
    expect(await deployment.database.rows('SELECT sealed FROM session_tokens WHERE session_id = $1', [old])).toEqual([
      { sealed: null },
    ]);
  });

  it('two re-opens of a failed session put it back once, and not again within 10 s', async () => {
    await deployment.cas.fault({ kind: 'hang' });
    const id = await open('re-opened');
    await deployment.database.rows(
      `UPDATE sessions SET status = 'failed', failure_code = 'cas-unavailable', ended_at = now() WHERE id = $1`,
      [id],
    );
    const opened = await Promise.all(
      Array.from({ length: 10 }, (_, n) => deployment.client(n % 2).openRoom('re-opened')),
    );
    expect(new Set(opened.map((reply) => reply.body.id))).toEqual(new Set([id]));
    expect(opened.every((reply) => reply.body.generation === 1)).toBe(true);
    const [row] = await deployment.database.rows<{ version: number; status: string }>(
      'SELECT version, status FROM sessions WHERE id = $1',
      [id],
    );
    expect(row).toEqual({ version: 2, status: 'pending' });
    await deployment.database.rows(
      `UPDATE sessions SET status = 'failed', failure_code = 'cas-unavailable', ended_at = now() WHERE id = $1`,
      [id],
    );
    const crowd = await Promise.all(Array.from({ length: 40 }, () => deployment.client().openRoom('re-opened')));
    for (const again of crowd) {
      expect(again.status).toBe(200);
      expect(again.body).toMatchObject({ id, status: 'failed', failure: { code: 'cas-unavailable', retryable: true } });
    }
    await deployment.cas.clearFaults();
    await expectNoJobs(deployment);
    await deployment.database.rows('UPDATE sessions SET reopened_at = NULL WHERE id = $1', [id]);
    expect((await deployment.client().retry(id)).status).toBe(202);
    await expectReady(deployment, [id]);
  });

  it('a retry at the very deadline holds, whether it or the sweeper comes first', async () => {
    await deployment.cas.fault({ kind: 'hang' });
    const id = await open('retry-and-sweeper');
    const sweeping = await deployment.startWorker({ SWEEP_EVERY_MS: '100' });
    const row = async () => {
      const [found] = await deployment.database.rows<{ status: string; left: number }>(
        'SELECT status, extract(epoch FROM deadline_at - now())::float8 AS left FROM sessions WHERE id = $1',
        [id],
      );
      return found;
    };
    for (let round = 0; round < 40; round++) {
      await deployment.database.rows(
        `UPDATE sessions SET deadline_at = clock_timestamp(), reopened_at = NULL WHERE id = $1`,
        [id],
      );
      const [retried] = await Promise.all([deployment.client(0).retry(id), deployment.client(1).retry(id)]);
      expect([retried.status, retried.body.status]).toEqual([202, 'pending']);
      await new Promise((resolve) => setTimeout(resolve, round * 3));
      expect(await row()).toEqual({ status: 'pending', left: expect.any(Number) });
      expect((await row())?.left).toBeGreaterThan(800);
    }
    await deployment.cas.clearFaults();
    await expectReady(deployment, [id]);
    await sweeping.end();
    deployment.workers.splice(deployment.workers.indexOf(sweeping), 1);
  }, 60_000);

  it('a retry of a session whose old job still waits runs now, not when the old wait is over', async () => {
    await deployment.cas.fault({ kind: 'status', status: 503, retryAfter: '60', times: 1 });
    const id = await open('waiting-job');
    await eventually(async () => {
      expect(
        await deployment.database.rows('SELECT 1 FROM sessions WHERE id = $1 AND not_before IS NOT NULL', [id]),
      ).toHaveLength(1);
    });
    await deployment.database.rows(`UPDATE sessions SET status = 'failed', ended_at = now() WHERE id = $1`, [id]);
    expect((await deployment.client().retry(id)).status).toBe(202);
    await expectReady(deployment, [id], 10_000);
  });
});
