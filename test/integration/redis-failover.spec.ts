import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { RunningRedis } from '../../tools/redis.mjs';
import { eventually } from '../support/eventually.js';
import { RedisServers } from '../support/redis.js';
import { ServiceOnRedis, SOON_MS } from '../support/service-on-redis.js';
import { startTcpProxy, type TcpProxy, viaProxy } from '../support/tcp-proxy.js';
import { describeOn } from '../support/test-app.js';

const QUEUE_NAME = Buffer.from('mint-tokens').toString('base64');

describeOn('redis')('Redis, when its replica becomes the primary', () => {
  let servers: RedisServers;
  let [primary, replica]: RunningRedis[] = [];
  let [ofPrimary, ofReplica]: Redis[] = [];
  let proxy: TcpProxy;
  let service: ServiceOnRedis;
  beforeAll(async () => {
    servers = new RedisServers();
    [primary, replica] = [await servers.start(), await servers.start()];
    [ofPrimary, ofReplica] = [servers.client(primary), servers.client(replica)];
    await ofReplica.replicaof('127.0.0.1', primary.port);
    proxy = await startTcpProxy(primary.url);
    service = await ServiceOnRedis.start({ REDIS_URL: viaProxy(primary.url, proxy) });
    await eventually(async () => {
      expect(await ofReplica?.info('replication')).toContain('master_link_status:up');
    });
  });
  afterAll(async () => {
    try {
      await service.app.end();
      await proxy.close();
    } finally {
      await servers.end();
    }
  });

  it('is followed by jobs and shared limits, although old connections still lead to the other one', async () => {
    await service.expectJobs('before');
    await ofReplica?.call('REPLICAOF', 'NO', 'ONE');
    await ofPrimary?.replicaof('127.0.0.1', replica?.port ?? 0);
    proxy.leadTo(replica?.url ?? '');
    await service.expectJobs('after');
    await service.expectSharedLimits();
    await service.expectReady();
  });

  it('makes a worker unready while there is no primary', async () => {
    await ofReplica?.replicaof('127.0.0.1', primary?.port ?? 0);
    await eventually(async () => {
      expect(await service.failing()).toEqual(['queue']);
    }, SOON_MS);
    await ofReplica?.call('REPLICAOF', 'NO', 'ONE');
    await service.expectJobs('again');
    await service.expectReady();
  });
});

describeOn('redis')('Sentinel', () => {
  let servers: RedisServers;
  let service: ServiceOnRedis;
  let sentinel: Redis;
  let [ofPrimary, ofReplica]: Redis[] = [];
  beforeAll(async () => {
    servers = new RedisServers();
    const password = 'of-primary';
    const args = ['--masterauth', password];
    const [primary, replica] = [
      // It cannot be made a replica: as if its sentinels did not reach it, it goes on as a primary after the failover.
      await servers.start([...args, '--rename-command', 'SLAVEOF', ''], { password }),
      await servers.start(args, { password }),
    ];
    [ofPrimary, ofReplica] = [servers.client(primary), servers.client(replica)];
    await ofReplica.replicaof('127.0.0.1', primary.port);
    const running = await servers.startSentinel({
      master: 'derby',
      primaryPort: primary.port,
      password: 'of-sentinel',
      lines: [`sentinel auth-pass derby ${password}`],
    });
    sentinel = servers.client(running);
    await eventually(async () => {
      expect(await sentinel.call('SENTINEL', 'REPLICAS', 'derby')).toHaveLength(1);
    });
    service = await ServiceOnRedis.start({
      REDIS_URL: `redis://:${password}@not-used.example`,
      REDIS_SENTINELS: `127.0.0.1:1,127.0.0.1:${running.port}`,
      REDIS_SENTINEL_MASTER: 'derby',
      REDIS_SENTINEL_PASSWORD: 'of-sentinel',
    });
  });
  afterAll(async () => {
    try {
      await service.app.end();
    } finally {
      await servers.end();
    }
  });

  it('is asked for the primary, past a sentinel that is away, and its failover is followed although the old primary goes on', async () => {
    await service.expectJobs('before');
    const before = await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'derby');
    await sentinel.call('SENTINEL', 'FAILOVER', 'derby');
    await eventually(async () => {
      expect(await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'derby')).not.toEqual(before);
    });
    // The connection on which the worker waits has a name, with that of the queue in it.
    const waitsAt = async (server: Redis | undefined) =>
      String(await server?.call('CLIENT', 'LIST')).includes(QUEUE_NAME);
    await eventually(async () => {
      expect([await waitsAt(ofPrimary), await waitsAt(ofReplica)]).toEqual([false, true]);
    }, SOON_MS);
    await service.expectJobs('after');
    await service.expectSharedLimits();
    await service.expectReady();
  });
});
