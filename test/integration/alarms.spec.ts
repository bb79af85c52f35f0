import { Metrics } from '@app/observability';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

describe('what a worker tells an alarm', () => {
  let testApp: TestApp;
  let worker: INestApplicationContext;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
    worker = await testApp.startWorker();
  });
  afterAll(() => testApp.end());

  const lines = async () => (await worker.get(Metrics, { strict: false }).registry.metrics()).split('\n');

  it('counts failed sessions and failed maintenance from 0 on, so that the first one is a rise', async () => {
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'sessions_failed_total{code="cas-rejected"} 0',
        'sessions_failed_total{code="cas-credentials-rejected"} 0',
        'sessions_failed_total{code="deadline-exceeded"} 0',
        'maintenance_runs_total{chore="expire",outcome="failed"} 0',
        'maintenance_runs_total{chore="purge-audit",outcome="failed"} 0',
      ]),
    );
  });

  it('calls no session old that was retried just now', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const { body } = await testApp.client.openRoom('retried');
    await testApp.database.rows(
      `UPDATE sessions SET status = 'failed', failure_code = 'cas-rejected', ended_at = now(),
              created_at = now() - interval '2 hours' WHERE id = $1`,
      [body.id],
    );
    expect((await testApp.client.retry(body.id)).status).toBe(202);
    const line = (await lines()).find((candidate) => candidate.startsWith('oldest_pending_seconds '));
    expect(Number(line?.split(' ')[1])).toBeGreaterThan(0);
    expect(Number(line?.split(' ')[1])).toBeLessThan(60);
    await testApp.cas.clearFaults();
  });

  it('measures the time to ready of a retried session from its retry', async () => {
    // Without a number of times: the session of the test before may still be retried.
    await testApp.cas.fault({ kind: 'status', status: 400 });
    const { body } = await testApp.client.openRoom('redriven', { wait: 10 });
    expect(body.status).toBe('failed');
    await testApp.cas.clearFaults();
    await testApp.database.rows(`UPDATE sessions SET created_at = now() - interval '2 hours' WHERE id = $1`, [body.id]);
    expect((await testApp.client.retry(body.id)).status).toBe(202);
    expect((await testApp.client.read(body.id, { wait: 10 })).body.status).toBe('ready');
    await eventually(async () => {
      const line = (await lines()).find((candidate) => candidate.startsWith('time_to_ready_seconds_sum '));
      expect(Number(line?.split(' ')[1])).toBeGreaterThan(0);
      expect(Number(line?.split(' ')[1])).toBeLessThan(600);
    });
  });
});
