import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classifyCause, StoreUnavailableError } from '@app/kernel';
import { MintTokensQueue } from '@app/queue';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { RedisServers } from '../support/redis.js';
import { ServiceOnRedis } from '../support/service-on-redis.js';
import { describeOn } from '../support/test-app.js';

const OPERATIONS = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
/** The words of the command in docs/operations.md. */
const DOCUMENTED = /^\s*ACL SETUSER (.+)$/m.exec(OPERATIONS)?.[1]?.replace('PASSWORD', 'hush').split(' ') ?? [];

describeOn('redis')('the user of Redis in docs/operations.md', () => {
  let servers: RedisServers;
  let admin: Redis;
  let service: ServiceOnRedis;
  beforeAll(async () => {
    servers = new RedisServers();
    const server = await servers.start();
    admin = servers.client(server);
    expect(DOCUMENTED[0]).toBe('watchtogether');
    await admin.call('ACL', 'SETUSER', ...DOCUMENTED);
    service = await ServiceOnRedis.start({
      REDIS_URL: server.url.replace('redis://', 'redis://watchtogether:hush@'),
      QUEUE_PREFIX: 'wt',
      MAX_FAILED_CREDENTIALS: '2',
    });
  });
  afterAll(async () => {
    try {
      await service.app.end();
    } finally {
      await servers.end();
    }
  });

  it('may do all that the product does, and all keys are within its prefix', async () => {
    const { app } = service;
    await service.expectJobs('by acl');
    await service.expectSharedLimits();
    // A retry, which waits in Redis and is promoted.
    await app.cas.fault({ kind: 'status', status: 500, times: 1 });
    await service.expectJobs('after a retry');
    for (let i = 0; i < 4; i++) await app.newClient(app.url, 'wtk_wrong_key').create();

    const queue = service.worker.get(MintTokensQueue);
    await queue.assertUsable();
    await eventually(async () => {
      expect(await queue.counts()).toEqual({ waiting: 0, active: 0, delayed: 0, failed: 0 });
    });
    const keys = await admin.keys('*');
    expect(keys.length).toBeGreaterThan(3);
    expect(keys.filter((key) => !key.startsWith('wt:'))).toEqual([]);
    expect(await deniedTo('watchtogether')).toEqual([]);
  });

  it('that loses a right makes a worker unready, with the cause, until it has it again', async () => {
    const queue = service.worker.get(MintTokensQueue);
    await admin.call('ACL', 'SETUSER', 'watchtogether', '-set');
    const error = await queue.assertUsable().catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(classifyCause((error as StoreUnavailableError).cause).kind).toBe('missing-right');
    expect(await service.failing()).toEqual(['queue']);
    await admin.call('ACL', 'SETUSER', 'watchtogether', '+set');
    await service.expectReady();
  });

  /** What Redis has refused to a user, without the handshake of the clients, which expects it. */
  async function deniedTo(user: string): Promise<string[]> {
    const log = (await admin.call('ACL', 'LOG')) as string[][];
    const entries = log.map((entry) => Object.fromEntries(pairs(entry)) as Record<string, string>);
    return entries.filter(({ username }) => username === user).map(({ object = '' }) => object);
  }
});

function pairs(flat: string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? '']);
}
