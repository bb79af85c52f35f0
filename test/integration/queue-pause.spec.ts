import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { expectReady, metric } from '../support/sessions.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';

describe.each<Backend>(['postgres', 'redis'])('the queue in %s', (backend) => {
  let deployment: TestDeployment;
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: backend });
  });
  afterAll(() => deployment.end());

  const queue = (...args: string[]) => runCommand(['queue', ...args], deployment.environment());
  const health = async (url: string) => {
    const reply = await fetch(url);
    return [reply.status, await reply.json()] as const;
  };

  it('is paused and resumed by an operator: sessions stay pending meanwhile, and every process says so', async () => {
    expect((await queue('status')).text).toMatch(/^The queue is running: /);
    expect(await queue('pause')).toMatchObject({ code: 0, text: expect.stringContaining('The queue is paused.') });

    const { body, status } = await deployment.client().openRoom('paused', { wait: 1 });
    expect([status, body.status]).toEqual([202, 'pending']);
    const notice = { status: 'ok', failing: [], notices: ['queue-paused'] };
    expect(await health(`${deployment.worker.opsUrl}/readyz`)).toEqual([200, notice]);
    expect(await health(`${deployment.gateway.url}/readyz`)).toEqual([200, notice]);
    expect(await health(`${deployment.worker.opsUrl}/livez`)).toEqual([200, { status: 'ok', failing: [] }]);
    expect(await metric(deployment.worker.opsUrl, 'queue_paused')).toBe(1);
    expect(JSON.parse((await queue('status', '--json')).text)).toMatchObject({ paused: true, jobs: { waiting: 1 } });
    // Another worker does not take it either.
    await deployment.startWorker();
    expect((await deployment.client().read(body.id, { wait: 1 })).body.status).toBe('pending');
    expect((await deployment.cas.summary()).stream.calls).toBe(0);

    expect(await queue('resume')).toMatchObject({ code: 0, text: 'The queue is running.' });
    await expectReady(deployment, [body.id]);
    await eventually(async () => {
      expect(await health(`${deployment.gateway.url}/readyz`)).toEqual([200, { status: 'ok', failing: [] }]);
    });
  }, 60_000);
});
