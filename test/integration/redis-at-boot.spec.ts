import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitForQueue } from '@app/queue';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { eventually } from '../support/eventually.js';
import { RedisServers } from '../support/redis.js';
import { describeOn } from '../support/test-app.js';

const PATIENCE_MS = 20_000;

/** Waits for a Redis that is not expected to be accepted at once. */
function waiting(redisUrl: string, timeoutMs = PATIENCE_MS, more: { redisUrlFile?: string } = {}) {
  const reasons: string[] = [];
  const done = waitForQueue({ redisUrl, prefix: 'wt', ...more }, timeoutMs, (reason) => reasons.push(reason));
  done.catch(() => undefined);
  return { reasons, done };
}

describeOn('redis')('a Redis at boot', () => {
  let servers: RedisServers;
  beforeAll(() => {
    servers = new RedisServers();
  });
  afterAll(() => servers.end());

  /** Refused at once, without waiting; the reason without the address. */
  async function refusalOf(url: string): Promise<string> {
    const began = performance.now();
    const { done, reasons } = waiting(url);
    const error = await done.then(
      () => new Error('it was accepted'),
      (refused: unknown) => refused as Error,
    );
    expect(performance.now() - began).toBeLessThan(PATIENCE_MS / 2);
    expect([error.name, reasons]).toEqual(['StartupError', []]);
    const place = `Redis at ${new URL(url).host}: `;
    expect(error.message.startsWith(place)).toBe(true);
    return error.message.replaceAll(place, '');
  }

  it('is accepted if it is as it should be', async () => {
    const { url } = await servers.start();
    expect(await waitForQueue({ redisUrl: url, prefix: 'wt' }, PATIENCE_MS, () => undefined)).toEqual([]);
  });

  it('is refused if it is a cluster', async () => {
    const { url } = await servers.start(['--cluster-enabled', 'yes']);
    expect(await refusalOf(url)).toBe(
      'it is a Redis Cluster; use one Redis (with replicas and Sentinel if needed), not a cluster',
    );
  });

  it('is refused if it may evict jobs', async () => {
    const { url } = await servers.start(['--maxmemory-policy', 'allkeys-lru']);
    expect(await refusalOf(url)).toBe(
      'it may evict jobs (maxmemory-policy allkeys-lru); set maxmemory-policy to noeviction',
    );
  });

  it('is refused if its user lacks rights, which are named', async () => {
    const server = await servers.start();
    const admin = servers.client(server);
    const advice = 'grant them (docs/operations.md, "Redis as others run it")';
    const refusalFor = async (user: string, ...rules: string[]) => {
      await admin.call('ACL', 'SETUSER', user, 'on', '>hush', 'allchannels', ...rules);
      return refusalOf(server.url.replace('redis://', `redis://${user}:hush@`));
    };
    expect(await refusalFor('a', '~*', '+@all', '-bzpopmin', '-xadd', '-hset')).toBe(
      `its user lacks rights (ACL): the commands bzpopmin, hset, xadd; ${advice}`,
    );
    expect(await refusalFor('b', '~other:*', '+@all')).toBe(
      `its user lacks rights (ACL): access to the keys that begin with QUEUE_PREFIX and a colon; ${advice}`,
    );
    expect(await refusalFor('c', '~*', '+@all', '-eval', '-evalsha')).toBe(
      `its user lacks rights (ACL): the commands eval, evalsha; ${advice}`,
    );
    expect(await refusalFor('d', '~*', '-@all', '+get')).toContain('lacks rights (ACL): the commands eval, evalsha');
  });

  it('is accepted without a right to ask for its policy, and says that this was not checked', async () => {
    const server = await servers.start();
    const rules = ['~wt:*', '+@all', '-@dangerous'];
    await servers.client(server).call('ACL', 'SETUSER', 'plain', 'on', '>hush', ...rules);
    const { done } = waiting(server.url.replace('redis://', 'redis://plain:hush@'));
    expect(await done).toEqual([expect.stringContaining('maxmemory-policy not checked')]);
  });

  it('is waited for while it is a replica, since it may be a failover', async () => {
    const [primary, replica] = [await servers.start(), await servers.start()];
    const order = servers.client(replica);
    await order.replicaof('127.0.0.1', primary.port);
    const { done, reasons } = waiting(replica.url);
    await eventually(() => {
      expect(reasons).toEqual([
        `Redis at 127.0.0.1:${replica.port}: the server is a read-only replica; connect to the primary; it may be a failover`,
      ]);
    });
    await order.call('REPLICAOF', 'NO', 'ONE');
    expect(await done).toEqual([]);
  });

  it('is waited for while the password is wrong, and the right one is found in its file', async () => {
    const server = await servers.start([], { password: 'right' });
    const directory = mkdtempSync(join(tmpdir(), 'redis-url-'));
    const file = join(directory, 'url');
    const wrong = server.url.replace('right', 'hush-3141');
    writeFileSync(file, wrong);
    const { done, reasons } = waiting(wrong, PATIENCE_MS, { redisUrlFile: file });
    await eventually(() => {
      expect(reasons).toEqual([
        `Redis at 127.0.0.1:${server.port}: user or password refused; check user and password in REDIS_URL`,
      ]);
    });
    writeFileSync(file, `${server.url}\n`);
    expect(await done).toEqual([]);
    rmSync(directory, { recursive: true });
  });

  it('ends the start after the time, with the cause and what to do', async () => {
    const server = await servers.start([], { password: 'right' });
    const port = await freePort();
    const wrong = waiting(server.url.replace('right', 'hush-3141'), 500).done;
    const none = waiting(`redis://127.0.0.1:${server.port}`, 500).done;
    const refused = waiting(`redis://:hush-3141@127.0.0.1:${port}`, 500).done;
    const password = 'user or password refused; check user and password in REDIS_URL (waited 0.5 s)';
    await expect(wrong).rejects.toThrow(`Redis at 127.0.0.1:${server.port}: ${password}`);
    await expect(none).rejects.toThrow(`Redis at 127.0.0.1:${server.port}: ${password}`);
    await expect(refused).rejects.toThrow(
      `Redis at 127.0.0.1:${port}: connection refused (ECONNREFUSED); check that it is running, and its host and port (waited 0.5 s)`,
    );
  });
});
