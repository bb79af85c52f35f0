import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import type { Process } from '../support/process.js';
import { RedisServers } from '../support/redis.js';
import { describeOn } from '../support/test-app.js';
import { TestDeployment } from '../support/test-deployment.js';

describeOn('redis')('a Redis that says no', () => {
  let deployment: TestDeployment;
  let servers: RedisServers;
  beforeAll(async () => {
    servers = new RedisServers();
    deployment = await TestDeployment.start({ queue: 'postgres', gateways: 0, workers: 0 });
  });
  afterAll(async () => {
    try {
      await deployment.end();
    } finally {
      await servers.end();
    }
  });

  const unavailable = (process: Process) => process.lines.filter(({ msg }) => msg.startsWith('queue unavailable'));

  /** Starts it, opens a room and ends it; nothing but its log may have been written. */
  async function runGateway(redisUrl: string, while_: (gateway: Process) => Promise<void>): Promise<Process> {
    const gateway = await deployment.launch('gateway', { REDIS_URL: redisUrl }).waitUntilUp();
    const client = new Client(gateway.url, deployment.apiKey);
    expect((await client.openRoom('no')).status).toBeLessThan(300);
    await while_(gateway);
    await client.end();
    expect(await gateway.terminate()).toEqual({ code: 0, signal: null });
    expect(gateway.text).toEqual([]);
    return gateway;
  }

  it('to the password: one line in the log of a gateway, and none on standard error', async () => {
    const { url, port } = await servers.start([], { password: 'right' });
    const gateway = await runGateway(url.replace('right', 'hush-3141'), async (running) => {
      await eventually(() => {
        expect(unavailable(running)).toHaveLength(1);
      });
    });
    expect(unavailable(gateway).map(({ msg }) => msg)).toEqual([
      `queue unavailable: Redis at 127.0.0.1:${port}: user or password refused; check user and password in REDIS_URL; sessions are accepted and enqueued when it is back`,
    ]);
    expect(gateway.everything()).not.toContain('hush-3141');
  });

  it('to the password: a worker ends with one sentence', async () => {
    const { url, port } = await servers.start([], { password: 'right' });
    const worker = deployment.launch('worker', { REDIS_URL: url.replace('right', 'hush-3141'), BOOT_TIMEOUT_S: '1' });
    expect((await worker.exited).code).toBe(1);
    await worker.silent;
    const reason = `Redis at 127.0.0.1:${port}: user or password refused; check user and password in REDIS_URL`;
    expect(worker.lines).toContainEqual(expect.objectContaining({ msg: 'waiting for Redis', reason }));
    expect(worker.everything()).toContain(`${reason} (waited 1 s)`);
    expect(worker.text.join()).not.toMatch(/ioredis|BullMQ|hush-3141/);
  });

  it('to INFO, and that needs no password although there is one: it is used, without a word on standard error', async () => {
    const server = await servers.start(['--maxmemory-policy', 'noeviction']);
    await servers.client(server).call('ACL', 'SETUSER', 'default', '-@dangerous', '+acl');
    const url = server.url.replace('redis://', 'redis://:needless@');
    const worker = await deployment.launch('worker', { REDIS_URL: url }).waitUntilUp();
    await runGateway(url, async () => {
      await eventually(async () => {
        expect((await fetch(`${worker.opsUrl}/readyz`)).status).toBe(200);
      });
    });
    expect(await worker.terminate()).toEqual({ code: 0, signal: null });
    expect(worker.text).toEqual([]);
    expect(worker.lines.map(({ msg }) => msg).join('\n')).toContain('maxmemory-policy not checked');
  });

  it('to writes, since it is full: a worker is not ready until there is room', async () => {
    const server = await servers.start();
    const worker = await deployment.launch('worker', { REDIS_URL: server.url }).waitUntilUp();
    const admin = servers.client(server);
    const ready = async () => {
      const response = await fetch(`${worker.opsUrl}/readyz`);
      return [response.status, await response.text()];
    };
    const eventuallyReady = () =>
      eventually(async () => {
        expect((await ready())[0]).toBe(200);
      });
    await eventuallyReady();
    await admin.config('SET', 'maxmemory', '1');
    await eventually(async () => {
      expect(await ready()).toEqual([503, expect.stringContaining('queue')]);
    });
    await eventually(() => {
      expect(unavailable(worker).map(({ msg }) => msg)).toContainEqual(expect.stringContaining('its memory is full'));
    });
    await admin.config('SET', 'maxmemory', '0');
    await eventuallyReady();
    await worker.terminate();
    expect(worker.text).toEqual([]);
  });
});
