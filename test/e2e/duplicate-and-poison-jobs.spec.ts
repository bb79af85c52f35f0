import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import { rawQueue } from '../support/queue.js';
import { expectHeld, expectNoJobs, expectReady, metric } from '../support/sessions.js';
import { type Backend, World } from '../support/world.js';

describe.each<Backend>(['postgres', 'redis'])('jobs that should not be there, with the queue in %s', (backend) => {
  let world: World;
  let queue: Queue;
  const accepted: string[] = [];
  beforeAll(async () => {
    world = await World.start({ queue: backend, workers: 2 });
    queue = rawQueue(world);
    queue.on('error', () => undefined);
  });
  afterAll(async () => {
    await queue.close();
    await world.end();
  });

  it('a second job for a session that is ready makes no call to CAS', async () => {
    const { body } = await world.client().openRoom('twice', { wait: 10 });
    accepted.push(body.id);
    await world.cas.clearJournal();
    await queue.add('mint-tokens', { sessionId: body.id }, { jobId: `second-${body.id}` });
    await expectNoJobs(world);
    expect(await world.cas.journal()).toEqual([]);
  });

  it('two runs at once publish one token; the other is discarded and counted', async () => {
    const before = await wasted();
    await world.cas.fault({ kind: 'hang', times: 2 });
    const { body } = await world.client().openRoom('at-once');
    accepted.push(body.id);
    await queue.add('mint-tokens', { sessionId: body.id }, { jobId: `twin-${body.id}` });
    await expectHeld(world, 2);
    await world.cas.release();
    await expectReady(world, [body.id]);
    await expectNoJobs(world);
    expect(await wasted()).toBe(before + 1);
    await world.cas.clearFaults();
  });

  it('poison and unknown jobs are dropped, and the others go on', async () => {
    const poison: [string, unknown][] = [
      ['mint-tokens', { sessionId: 'ses_of-nobody' }],
      ['mint-tokens', { sessionId: 7 }],
      ['mint-tokens', null],
      ['mint-tokens', { sessionId: 'ses_0123456789012345678901', extra: 'x' }],
      ['something-else', { sessionId: 'ses_0123456789012345678901' }],
      ['mint-tokens', { sessionId: 'ses_0123456789012345678901' }],
    ];
    for (const [name, data] of poison) await queue.add(name, data, { attempts: 1000, removeOnFail: true });
    const { body } = await world.client().openRoom('after-poison', { wait: 10 });
    accepted.push(body.id);
    expect(body.status).toBe('ready');
    await expectNoJobs(world);
    expect((await fetch(`${world.worker.opsUrl}/livez`)).status).toBe(200);
    await world.cas.clearFaults();
  });

  it('and the world is whole', async () => {
    const rows = await world.database.rows<{ id: string }>('SELECT id FROM sessions');
    expect(rows.map((row) => row.id).sort()).toEqual([...accepted].sort());
  });

  async function wasted(): Promise<number> {
    const counts = await Promise.all(world.workers.map(({ opsUrl }) => metric(opsUrl, 'wasted_mints_total')));
    return counts.reduce((sum, count) => sum + count, 0);
  }
});
