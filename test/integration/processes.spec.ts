import { ProcessesRepository } from '@app/entities';
import { ProcessReporter } from '@app/observability';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

interface Row {
  id: string;
  kind: string;
  figures: { values: Record<string, number>; histograms: Record<string, { count: number }>; states: object };
}

describe('the processes of a fleet', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open();
  });
  afterAll(() => testApp.end());

  const rows = () => testApp.database.rows<Row>('SELECT id, kind, figures FROM processes ORDER BY kind');
  const report = async () => {
    for (const { app } of testApp.gateways) await app.get(ProcessReporter).report();
  };

  it('report themselves with their figures, and none with more than numbers, codes and times', async () => {
    const { body } = await testApp.client.openRoom('reported', { wait: 10 });
    await report();
    const found = await eventually(async () => {
      const [gateway, worker] = await rows();
      expect(worker?.figures.histograms.time_to_ready_seconds?.count).toBe(1);
      return [gateway, worker];
    });
    expect(found.map((row) => row?.kind)).toEqual(['gateway', 'worker']);
    expect(found[0]?.figures.values.sessions_opened_total).toBe(1);
    expect(found[1]?.figures.histograms['cas_request_duration_seconds{ok}']?.count).toBe(1);
    expect(found[1]?.figures.states).toMatchObject({
      failing: [],
      cas: [{ endpoint: new URL(testApp.cas.url).host, trouble: null, previous: null }],
    });
    const text = JSON.stringify(found);
    for (const secret of [body.id, 'reported', testApp.apiKey, 'eyJ']) expect(text).not.toContain(secret);
  });

  it('take their row with them when they stop', async () => {
    const other = await testApp.startGateway();
    await eventually(async () => {
      expect(await rows()).toHaveLength(3);
    });
    await other.close();
    testApp.gateways.pop();
    expect(await rows()).toHaveLength(2);
  });

  it('are forgotten a day after they were seen last', async () => {
    await testApp.database.rows(
      `INSERT INTO processes (id, kind, version, started_at, seen_at)
       SELECT 'worker-' || n, 'worker', '0', now(), now() - n * interval '13 hours' FROM generate_series(1, 3) n`,
    );
    await eventually(async () => {
      const ids = (await rows()).map(({ id }) => id);
      expect(ids).not.toContain('worker-2');
      expect(ids).not.toContain('worker-3');
      expect(ids).toContain('worker-1');
    });
    const listed = await testApp.gateway.app.get(ProcessesRepository).list(600);
    expect(listed.map(({ id }) => id)).not.toContain('worker-1');
  });

  it('serve on while they cannot report themselves, and say so once', async () => {
    await testApp.database.rows('ALTER TABLE processes RENAME TO processes_away');
    await report();
    await report();
    const { status } = await testApp.client.openRoom('unreported', { wait: 10 });
    await testApp.database.rows('ALTER TABLE processes_away RENAME TO processes');
    await report();
    expect(status).toBe(201);
    const told = testApp.log.filter(({ msg }) => msg.includes('reported to the console'));
    const ofGateway = told.filter(({ app }) => app === 'gateway').map(({ msg }) => msg);
    expect(ofGateway.filter((msg) => msg.startsWith('process cannot be reported'))).toHaveLength(1);
  });
});
