import { Database, SweepingRepository } from '@app/entities';
import { Metrics } from '@app/observability';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { AdmissionService } from '../support/admission-service.js';
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

  const value = async (series: string): Promise<number> => {
    const line = (await lines()).find((candidate) => candidate.startsWith(`${series} `));
    return Number(line?.split(' ')[1]);
  };
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

  it('counts live sessions by status', async () => {
    await testApp.cas.fault({ kind: 'hang', times: 1 });
    const { body } = await testApp.client.openRoom('counted');
    await eventually(async () => {
      expect(await value('sessions{status="pending"}')).toBe(1);
    });
    await testApp.cas.clearFaults();
    await testApp.client.read(body.id, { wait: 10 });
    expect([await value('sessions{status="pending"}'), await value('sessions{status="ready"}')]).toEqual([0, 1]);
    await testApp.client.close(body.id);
    expect(await value('sessions{status="ready"}')).toBe(0);
  });

  it('says whether it can do its work with the database and the queue, and how many connections it uses', async () => {
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'dependency_up{part="database"} 1',
        'dependency_up{part="queue"} 1',
        'database_pool_limit 10',
        'database_pool_waiting 0',
      ]),
    );
    expect(await value('database_pool_connections{state="idle"}')).toBeGreaterThan(0);
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

  it('says how long a session past its end has waited for maintenance', async () => {
    await testApp.stopWorker();
    const { body } = await testApp.client.openRoom('overdue');
    const end = `UPDATE sessions SET deadline_at = now() - interval '90 seconds' WHERE id = $1`;
    await testApp.database.rows(end, [body.id]);
    const sweeping = testApp.gateway.app.get(SweepingRepository, { strict: false });
    expect(await sweeping.oldestOverdueS()).toBeGreaterThanOrEqual(90);
    worker = await testApp.startWorker();
    await eventually(async () => {
      expect(await value('oldest_overdue_seconds')).toBe(0);
    });
    expect(await value('sessions_failed_total{code="deadline-exceeded"}')).toBe(1);
  });
});

describe('what a gateway tells an alarm', () => {
  let testApp: TestApp;
  let admission: AdmissionService;
  beforeAll(async () => {
    admission = await AdmissionService.start();
    testApp = await TestApp.open({ env: { ...admission.env, MAX_WAITS: '7', MAX_SSE_CONNECTIONS: '5' } });
  });
  afterAll(async () => {
    await testApp.end();
    await admission.close();
  });

  const lines = async () => (await testApp.gateway.app.get(Metrics, { strict: false }).registry.metrics()).split('\n');

  it('counts unavailable admission from 0 on, and has the limits that its gauges are compared with', async () => {
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'admission_duration_seconds_count{action="open",outcome="unavailable"} 0',
        'held_requests_limit 7',
        'sse_connections_limit 5',
        'dependency_up{part="database"} 1',
      ]),
    );
  });

  it('counts sessions that it created, not those that existed', async () => {
    const { body } = await testApp.client.openRoom('once', { wait: 10 });
    await testApp.client.openRoom('once');
    await testApp.client.rotate(body.id);
    await testApp.client.create({ key: 'k' });
    await testApp.client.create({ key: 'k' });
    await testApp.client.send('PUT', '/v1/chat-tokens/some-user');
    await testApp.client.send('PUT', '/v1/chat-tokens/some-user');
    await testApp.database.rows(
      `UPDATE sessions SET status = 'failed', failure_code = 'cas-unavailable', reopened_at = now() - interval '1 minute'
       WHERE room = 'once' AND generation = 2`,
    );
    await testApp.client.openRoom('once');
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'sessions_opened_total{kind="room"} 2',
        'sessions_opened_total{kind="reopened"} 1',
        'sessions_opened_total{kind="unnamed"} 1',
        'sessions_opened_total{kind="chat"} 1',
      ]),
    );
  });

  it('counts the connections that are busy, and the statements that wait for one', async () => {
    const database = testApp.gateway.app.get(Database);
    const held = Promise.withResolvers<undefined>();
    const transactions = Array.from({ length: 10 }, () => database.transaction(() => held.promise));
    const waiting = database.query('SELECT 1');
    await eventually(async () => {
      const found = await lines();
      expect(found).toContain('database_pool_connections{state="busy"} 10');
      expect(found.find((line) => line.startsWith('database_pool_waiting '))).toMatch(/ [1-9]\d*$/);
    }, 4000);
    held.resolve(undefined);
    await Promise.all([...transactions, waiting]);
    await eventually(async () => {
      expect(await lines()).toContain('database_pool_waiting 0');
    });
  });

  it('counts the requests that it holds now', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const held = testApp.client.openRoom('held', { wait: 20 });
    await eventually(async () => {
      expect(await lines()).toContain('held_requests 1');
    });
    await testApp.cas.clearFaults();
    await held;
    expect(await lines()).toContain('held_requests 0');
  });
});
