import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { ServiceOnRedis, SOON_MS } from '../support/service-on-redis.js';
import { startTcpProxy, type TcpProxy, viaProxy } from '../support/tcp-proxy.js';
import { describeOn } from '../support/test-app.js';

describeOn('redis')('connections to Redis that have gone silent', () => {
  let proxy: TcpProxy;
  let service: ServiceOnRedis;
  beforeAll(async () => {
    const { TEST_REDIS_URL = '' } = process.env;
    proxy = await startTcpProxy(TEST_REDIS_URL);
    service = await ServiceOnRedis.start({ REDIS_URL: viaProxy(TEST_REDIS_URL, proxy) });
    await service.expectJobs('before');
  });
  afterAll(async () => {
    await service.app.end();
    await proxy.close();
  });

  it('are replaced, the one on which the worker waits too, before the sweeper would help', async () => {
    proxy.pause();
    proxy.resume();
    await service.expectJobs('after');
    await service.expectSharedLimits();
    await service.expectReady();
  });

  it('are noticed while unused, also new ones on which no greeting arrives', async () => {
    proxy.pause();
    await eventually(async () => {
      expect(await service.failing()).toEqual(['queue']);
    }, SOON_MS);
    // Seven connections: some of those that were accepted since, and then silent, have been replaced as well.
    const before = proxy.accepted();
    await eventually(() => {
      expect(proxy.accepted()).toBeGreaterThan(before + 10);
    }, 2 * SOON_MS);
    proxy.resume();
    await service.expectJobs('again');
  });
});
