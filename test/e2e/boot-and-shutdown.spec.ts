import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { expectHeld, expectReady } from '../support/sessions.js';
import { World } from '../support/world.js';

describe('a process that starts', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ queue: 'postgres', gateways: 0, workers: 0, ownPostgres: true });
  });
  afterAll(() => world.end());

  it.each(['gateway', 'worker'] as const)('waits for Postgres, then serves: %s', async (app) => {
    await world.stopPostgres('fast');
    const process = world.launch(app);
    await eventually(() => {
      expect(process.lines.map((line) => line.msg)).toContain('waiting for the database');
    });
    await world.restartPostgres();
    await process.waitUntilUp();
    expect((await fetch(`${process.opsUrl}/readyz`)).status).toBe(200);
    expect(await process.terminate()).toEqual({ code: 0, signal: null });
  });

  it.each(['gateway', 'worker'] as const)('exits non-zero when Postgres does not come: %s', async (app) => {
    const process = world.launch(app, {
      DATABASE_URL: `postgres://u:secretpw@127.0.0.1:${await freePort()}/x`,
      BOOT_TIMEOUT_S: '1',
    });
    expect((await process.exited).code).toBe(1);
    expect(process.everything()).toContain('The database does not answer');
    expect(process.everything()).not.toContain('secretpw');
  });

  it.each(['gateway', 'worker'] as const)('waits for a newer schema, then exits non-zero: %s', async (app) => {
    await world.database.rows(`UPDATE migrations SET name = 'Hidden' || name`);
    const process = world.launch(app, { BOOT_TIMEOUT_S: '2' });
    expect((await process.exited).code).toBe(1);
    expect(process.everything()).toContain('run the migrate step');
    await world.database.rows(`UPDATE migrations SET name = replace(name, 'Hidden', '')`);
  });

  it('as a worker exits non-zero when Redis does not come', async () => {
    const worker = world.launch('worker', { REDIS_URL: `redis://127.0.0.1:${await freePort()}`, BOOT_TIMEOUT_S: '1' });
    expect((await worker.exited).code).toBe(1);
    expect(worker.everything()).toContain('Redis does not answer');
  });

  it('as a worker refuses a Redis that throws jobs away', async () => {
    await world.restartRedis(['--maxmemory-policy', 'allkeys-lru']);
    const worker = world.launch('worker');
    expect((await worker.exited).code).toBe(1);
    expect(worker.everything()).toContain('noeviction');
    await world.stopRedis();
  });

  it('as a gateway serves without Redis', async () => {
    const gateway = await world.launch('gateway', { REDIS_URL: `redis://127.0.0.1:${await freePort()}` }).waitUntilUp();
    const client = new Client(gateway.url, world.apiKey);
    const reply = await client.openRoom('no-redis');
    expect(reply.status).toBe(202);
    await client.end();
    expect(await gateway.terminate()).toEqual({ code: 0, signal: null });
  });
});

describe('a process that is told to end', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ queue: 'redis', gateways: 2, workers: 1 });
  });
  afterAll(() => world.end());

  it('as a gateway answers held requests with the state they have, and exits with 0', async () => {
    await world.cas.fault({ kind: 'hang', times: 1 });
    const asked = performance.now();
    const held = world.client(0).openRoom('held', { wait: 30 });
    await expectHeld(world, 1);
    const ending = world.gateways[0]?.terminate();
    expect((await held).status).toBe(202);
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(await ending).toEqual({ code: 0, signal: null });
    await world.cas.release();
  });

  it('as a gateway shows itself not ready while it drains, and goes on serving', async () => {
    const gateway = await world.startGateway({ DRAIN_MS: '3000' });
    gateway.signal('SIGTERM');
    await eventually(async () => {
      expect((await fetch(`${gateway.opsUrl}/readyz`)).status).toBe(503);
    });
    expect((await world.client().openRoom('draining', { wait: 0 })).status).toBeLessThan(300);
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });

  it('as a worker finishes what it has begun', async () => {
    await world.cas.fault({ kind: 'hang', times: 1 });
    const { body } = await world.client(1).openRoom('finishing');
    await expectHeld(world, 1);
    const ending = world.worker.terminate();
    await world.cas.release();
    expect(await ending).toEqual({ code: 0, signal: null });
    await expectReady(world, [body.id], 1000);
  });
});
