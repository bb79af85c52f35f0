import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { expectReady, metric } from '../support/sessions.js';
import { startTcpProxy, type TcpProxy, viaProxy } from '../support/tcp-proxy.js';
import { TestDeployment } from '../support/test-deployment.js';

describe('Postgres behind a network that misbehaves', () => {
  let deployment: TestDeployment;
  let proxy: TcpProxy;
  let through: string;
  beforeAll(async () => {
    deployment = await TestDeployment.start({
      queue: 'redis',
      gateways: 1,
      workers: 1,
      env: { DATABASE_TIMEOUT_MS: '1200' },
    });
    proxy = await startTcpProxy(deployment.database.url);
    through = viaProxy(deployment.database.url, proxy);
  });
  afterAll(async () => {
    await deployment.end();
    await proxy.close();
  });

  it('slow by 200 ms and with two connections for thirty requests: 503 fast or an answer, and no deadlock', async () => {
    const gateway = await deployment.startGateway({ DATABASE_URL: through, DATABASE_POOL: '2' });
    proxy.slow(200);
    const asked = performance.now();
    const replies = await Promise.all(Array.from({ length: 30 }, (_, n) => deployment.client().openRoom(`slow-${n}`)));
    expect(performance.now() - asked).toBeLessThan(6000);
    expect(replies.map((reply) => reply.status).filter((status) => ![202, 503].includes(status))).toEqual([]);
    expect(replies.filter((reply) => reply.status === 503).every((reply) => reply.headers['retry-after'] === '1')).toBe(
      true,
    );
    proxy.slow(0);
    await eventually(async () => {
      expect((await deployment.client().openRoom('fast-again', { wait: 5 })).status).toBeLessThan(300);
    });
    await expectReady(
      deployment,
      replies.filter((reply) => reply.status === 202).map((reply) => reply.body.id),
    );
    await gateway.end();
  }, 60_000);

  it('silent: waits answer in time, and all comes back by itself', async () => {
    const gateway = await deployment.startGateway({ DATABASE_URL: through });
    const client = new Client(gateway.url, deployment.apiKey);
    await eventually(async () => {
      expect(await metric(gateway.opsUrl, 'listen_up')).toBe(1);
    });
    await deployment.cas.fault({ kind: 'hang', times: 1 });
    const asked = performance.now();
    const held = client.openRoom('silent', { wait: 3 });
    await eventually(async () => {
      expect(await deployment.cas.held()).toBe(1);
    });
    proxy.pause();
    const reply = await held;
    expect(reply.status).toBe(202);
    expect(performance.now() - asked).toBeLessThan(3500 + 500);
    await eventually(async () => {
      expect(await metric(gateway.opsUrl, 'listen_up')).toBe(0);
    });
    const refused = performance.now();
    expect((await client.read(reply.body.id)).status).toBe(503);
    expect(performance.now() - refused).toBeLessThan(2000);

    proxy.resume();
    await deployment.cas.release();
    await eventually(async () => {
      expect((await client.read(reply.body.id)).body.status).toBe('ready');
      expect(await metric(gateway.opsUrl, 'listen_up')).toBe(1);
    }, 20_000);
    await client.end();
  }, 60_000);

  it('LISTEN cut: a held request is answered all the same', async () => {
    const client = deployment.client(0);
    await deployment.cas.fault({ kind: 'hang', times: 1 });
    const held = client.openRoom('listen-cut', { wait: 10 });
    await eventually(async () => {
      expect(await deployment.cas.held()).toBe(1);
    });
    await deployment.database.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'session-events' AND datname = current_database()`,
    );
    await deployment.cas.release();
    expect((await held).body.status).toBe('ready');
  });
});
