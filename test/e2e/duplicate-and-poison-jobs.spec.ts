import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import { rawQueue } from '../support/queue.js';
import { expectHeld, expectNoJobs, expectReady, metric } from '../support/sessions.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';
import { expectTimeline } from '../support/timelines.js';

describe.each<Backend>(['postgres', 'redis'])('jobs that should not be there, with the queue in %s', (backend) => {
  let deployment: TestDeployment;
  let queue: Queue;
  const accepted: string[] = [];
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: backend, workers: 2 });
    queue = rawQueue(deployment);
    queue.on('error', () => undefined);
  });
  afterAll(async () => {
    await queue.close();
    await deployment.end();
  });

  it('a second job for a session that is ready makes no call to CAS', async () => {
    const { body } = await deployment.client().openRoom('twice', { wait: 10 });
    accepted.push(body.id);
    await deployment.cas.clearJournal();
    await queue.add('mint-tokens', { sessionId: body.id }, { jobId: `second-${body.id}` });
    await expectNoJobs(deployment);
    expect(await deployment.cas.journal()).toEqual([]);
  });

  it('two runs at once publish one token; the other is discarded and counted', async () => {
    const before = await wasted();
    await deployment.cas.fault({ kind: 'hang', times: 2 });
    const { body } = await deployment.client().openRoom('at-once');
    accepted.push(body.id);
    await queue.add('mint-tokens', { sessionId: body.id }, { jobId: `twin-${body.id}` });
    await expectHeld(deployment, 2);
    await deployment.cas.release();
    await expectReady(deployment, [body.id]);
    await expectNoJobs(deployment);
    expect(await wasted()).toBe(before + 1);
    await deployment.cas.clearFaults();
    await expectTimeline(deployment.client(), body.id, 'Ready', 'discarded: another run had published one');
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
    const { body } = await deployment.client().openRoom('after-poison', { wait: 10 });
    accepted.push(body.id);
    expect(body.status).toBe('ready');
    await expectNoJobs(deployment);
    expect((await fetch(`${deployment.worker.opsUrl}/livez`)).status).toBe(200);
    // All but the last one, which is a job for a session that does not exist.
    expect(await total('unknown_jobs_total{queue="mint-tokens"}')).toBe(poison.length - 1);
    await deployment.cas.clearFaults();
  });

  it('and the deployment is whole', async () => {
    const rows = await deployment.database.rows<{ id: string }>('SELECT id FROM sessions');
    expect(rows.map((row) => row.id).sort()).toEqual([...accepted].sort());
  });

  const wasted = () => total('wasted_mints_total');

  async function total(name: string): Promise<number> {
    const counts = await Promise.all(deployment.workers.map(({ opsUrl }) => metric(opsUrl, name)));
    return counts.reduce((sum, count) => sum + count, 0);
  }
});
