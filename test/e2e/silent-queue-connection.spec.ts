import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { startTcpProxy, type TcpProxy, viaProxy } from '../support/tcp-proxy.js';
import { TestDeployment } from '../support/test-deployment.js';

describe('a worker whose connections to the queue in Postgres fall silent', () => {
  let deployment: TestDeployment;
  let proxy: TcpProxy;
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: 'postgres', workers: 0 });
    proxy = await startTcpProxy(deployment.database.url);
    // The sweeper would help in the end, and is not what is tested here.
    await deployment.startWorker({
      DATABASE_URL: viaProxy(deployment.database.url, proxy),
      SWEEP_EVERY_MS: '60000',
      DATABASE_TIMEOUT_MS: '1200',
    });
  });
  afterAll(async () => {
    await proxy.close();
    await deployment.end();
  });

  it('notices within seconds, says so in one sentence, and takes jobs again', async () => {
    const client = deployment.client();
    expect((await client.openRoom('before', { wait: 20 })).body.status).toBe('ready');
    // Long enough for the worker to be idle, listening.
    const dead = proxy.connections();
    expect(dead).toBeGreaterThan(0);
    proxy.pause();
    proxy.resume();

    const begin = performance.now();
    expect((await client.openRoom('after', { wait: 30 })).body.status).toBe('ready');
    // Heartbeat and its limit, and reconnecting; it was up to a minute without them.
    expect(performance.now() - begin).toBeLessThan(20_000);
    await eventually(() => {
      expect(deployment.worker.lines.map(({ msg }) => msg)).toContainEqual(
        expect.stringMatching(/^queue unavailable: PostgreSQL at 127\.0\.0\.1:\d+: no response in time/),
      );
    });
  });
});
