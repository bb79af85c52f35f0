import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { expectHeld, expectReady } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';

describe('a process that starts', () => {
  let deployment: TestDeployment;
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: 'postgres', gateways: 0, workers: 0, ownPostgres: true });
  });
  afterAll(() => deployment.end());

  it.each(['gateway', 'worker'] as const)('waits for Postgres, then serves: %s', async (app) => {
    await deployment.stopPostgres('fast');
    const process = deployment.launch(app);
    await eventually(() => {
      expect(process.lines.map((line) => line.msg)).toContain('waiting for the database');
    });
    await deployment.restartPostgres();
    await process.waitUntilUp();
    expect((await fetch(`${process.opsUrl}/readyz`)).status).toBe(200);
    expect(await process.terminate()).toEqual({ code: 0, signal: null });
  });

  it.each(['gateway', 'worker'] as const)('exits non-zero when Postgres does not come: %s', async (app) => {
    const process = deployment.launch(app, {
      DATABASE_URL: `postgres://u:secretpw@127.0.0.1:${await freePort()}/x`,
      BOOT_TIMEOUT_S: '1',
    });
    expect((await process.exited).code).toBe(1);
    expect(process.everything()).toMatch(
      /PostgreSQL at 127\.0\.0\.1:\d+: connection refused \(ECONNREFUSED\).*waited 1 s/,
    );
    expect(process.everything()).not.toContain('secretpw');
  });

  it.each(['gateway', 'worker'] as const)('waits for a newer schema, then exits non-zero: %s', async (app) => {
    await deployment.database.rows(`UPDATE migrations SET name = 'Hidden' || name`);
    const process = deployment.launch(app, { BOOT_TIMEOUT_S: '2' });
    expect((await process.exited).code).toBe(1);
    expect(process.everything()).toContain('run npm run migrate');
    await deployment.database.rows(`UPDATE migrations SET name = replace(name, 'Hidden', '')`);
  });

  it('as a worker exits non-zero when Redis does not come', async () => {
    const worker = deployment.launch('worker', {
      REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
      BOOT_TIMEOUT_S: '1',
    });
    expect((await worker.exited).code).toBe(1);
    expect(worker.everything()).toMatch(/Redis at 127\.0\.0\.1:\d+: connection refused .* \(waited 1 s\)/);
  });

  it('as a worker refuses a Redis that throws jobs away', async () => {
    await deployment.restartRedis(['--maxmemory-policy', 'allkeys-lru']);
    const worker = deployment.launch('worker');
    expect((await worker.exited).code).toBe(1);
    expect(worker.everything()).toContain('noeviction');
    await deployment.stopRedis();
  });

  it('as a gateway serves without Redis', async () => {
    const gateway = await deployment
      .launch('gateway', { REDIS_URL: `redis://127.0.0.1:${await freePort()}` })
      .waitUntilUp();
    const client = new Client(gateway.url, deployment.apiKey);
    const reply = await client.openRoom('no-redis');
    expect(reply.status).toBe(202);
    await client.end();
    expect(await gateway.terminate()).toEqual({ code: 0, signal: null });
  });
});

describe('a process that is told to end', () => {
  let deployment: TestDeployment;
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: 'redis', gateways: 2, workers: 1 });
  });
  afterAll(() => deployment.end());

  it('as a gateway answers held requests with the state they have, and exits with 0', async () => {
    await deployment.cas.fault({ kind: 'hang', times: 1 });
    const asked = performance.now();
    const held = deployment.client(0).openRoom('held', { wait: 30 });
    await expectHeld(deployment, 1);
    const ending = deployment.gateways[0]?.terminate();
    expect((await held).status).toBe(202);
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(await ending).toEqual({ code: 0, signal: null });
    await deployment.cas.release();
  });

  it('as a gateway shows itself not ready while it drains, and goes on serving', async () => {
    const gateway = await deployment.startGateway({ DRAIN_MS: '3000' });
    gateway.signal('SIGTERM');
    await eventually(async () => {
      expect((await fetch(`${gateway.opsUrl}/readyz`)).status).toBe(503);
    });
    expect((await deployment.client().openRoom('draining', { wait: 0 })).status).toBeLessThan(300);
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });

  it('as a worker finishes what it has begun', async () => {
    await deployment.cas.fault({ kind: 'hang', times: 1 });
    const { body } = await deployment.client(1).openRoom('finishing');
    await expectHeld(deployment, 1);
    const ending = deployment.worker.terminate();
    await deployment.cas.release();
    expect(await ending).toEqual({ code: 0, signal: null });
    await expectReady(deployment, [body.id], 1000);
  });
});
