import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { RunningRedis } from '../../tools/redis.mjs';
import { eventually } from '../support/eventually.js';
import { RedisServers } from '../support/redis.js';
import { ServiceOnRedis, SOON_MS } from '../support/service-on-redis.js';
import { describeOn } from '../support/test-app.js';

describeOn('redis')('a URL of Redis in a file', () => {
  let servers: RedisServers;
  let server: RunningRedis;
  let admin: Redis;
  let service: ServiceOnRedis;
  const directory = mkdtempSync(join(tmpdir(), 'redis-rotation-'));
  const file = join(directory, 'redis_url');
  const urlOf = (password: string, { port } = server) => `redis://app:${password}@127.0.0.1:${port}`;
  const setPassword = (password: string, order = admin) =>
    order.call('ACL', 'SETUSER', 'app', 'on', 'resetpass', `>${password}`, '~*', '&*', '+@all');
  /** As a server that ends the connections of a user whose password has changed. */
  const endConnections = () => admin.call('CLIENT', 'KILL', 'USER', 'app');
  let warned: string[];

  beforeAll(async () => {
    servers = new RedisServers();
    server = await servers.start();
    admin = servers.client(server);
    await setPassword('hush-1');
    writeFileSync(file, `${urlOf('hush-1')}\n`);
    service = await ServiceOnRedis.start({ REDIS_URL_FILE: file });
    await service.expectJobs('before');
  });
  afterAll(async () => {
    try {
      await service.app.end();
    } finally {
      await servers.end();
      rmSync(directory, { recursive: true });
    }
  });
  beforeEach(() => {
    warned = [];
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((text) => warned.push(String(text)));
  });
  afterEach(() => {
    jest.restoreAllMocks();
    expect(warned.join()).not.toContain('hush');
  });

  /** The lines about the file; each process writes its own: two gateways and a worker. */
  const linesAboutFile = () => warned.filter((line) => line.includes('REDIS_URL'));

  it.each([
    ['a wrong password', () => urlOf('hush-typo'), /user or password refused/],
    ['no URL', () => 'hush', /must be a URL/],
    ['nothing', () => '', /missing or empty/],
    ['another database', () => `${urlOf('hush-1')}/3`, /requires a restart/],
  ])('with %s in it changes nothing, and is logged once', async (_name, content, reason) => {
    writeFileSync(file, content());
    await eventually(() => {
      expect(linesAboutFile()).toHaveLength(3);
    });
    await endConnections();
    await service.expectJobs(_name);
    for (const line of linesAboutFile()) expect(line).toMatch(reason);
    expect(linesAboutFile()).toHaveLength(3);
  });

  it('with a new password is used for new connections, within seconds', async () => {
    await setPassword('hush-2');
    await endConnections();
    await eventually(async () => {
      expect(await service.failing()).toEqual(['queue']);
    });
    writeFileSync(file, urlOf('hush-2'));
    await service.expectJobs('after');
    await service.expectSharedLimits();
    expect(linesAboutFile().filter((line) => line.includes('reloaded'))).toHaveLength(3);
  });

  it('with another host moves every connection there, once that host is there', async () => {
    const other = await servers.start();
    writeFileSync(file, urlOf('hush-3', other));
    await eventually(() => {
      expect(linesAboutFile()).toHaveLength(3);
    });
    await service.expectJobs('still there');
    const there = servers.client(other);
    await setPassword('hush-3', there);
    await eventually(async () => {
      expect(await admin.call('CLIENT', 'LIST')).not.toContain('user=app');
    }, SOON_MS);
    await service.expectJobs('moved');
    await service.expectSharedLimits();
    expect(await there.dbsize()).toBeGreaterThan(0);
  });
});
