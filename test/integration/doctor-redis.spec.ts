import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { RedisServers } from '../support/redis.js';
import { describeOn } from '../support/test-app.js';

describeOn('redis')('doctor, on Redis', () => {
  let servers: RedisServers;
  beforeAll(() => {
    servers = new RedisServers();
  });
  afterAll(() => servers.end());

  /** The lines about the queue. */
  async function doctor(REDIS_URL: string, more: Record<string, string> = {}): Promise<string[]> {
    const { lines } = await runCommand(['doctor'], { REDIS_URL, ...more });
    return lines.filter((line) => /^. queue/.test(line)).map((line) => line.replace(/ {2,}/g, ' '));
  }

  it('tells version, role, TLS, rights, memory and persistence', async () => {
    const { url, port } = await servers.start(['--appendonly', 'yes', '--maxmemory', '512mb']);
    expect(await doctor(url)).toEqual([
      expect.stringMatching(new RegExp(`^✓ queue Redis at 127.0.0.1:${port}, version \\d.*, primary, no TLS$`)),
      '✓ queue rights its user may do all that is needed',
      '✓ queue memory maxmemory 512 MiB, maxmemory-policy noeviction',
      '✓ queue disk append-only file',
    ]);
  });

  it('warns of a Redis that keeps nothing, and says so of one that makes snapshots', async () => {
    const [none, snapshots] = [await servers.start(), await servers.start(['--save', '3600 1'])];
    expect((await doctor(none.url)).at(-1)).toBe(
      '! queue disk a crash of Redis loses waiting jobs; the sweeper re-adds them within 10 s → enable the append-only file (appendonly yes)',
    );
    expect((await doctor(snapshots.url)).at(-1)).toContain('✓ queue disk snapshots');
  });

  it('names an eviction policy, missing rights, and what it may not ask for', async () => {
    const server = await servers.start(['--maxmemory-policy', 'allkeys-lru']);
    expect((await doctor(server.url))[2]).toBe(
      '✗ queue memory it may evict jobs (maxmemory-policy allkeys-lru) → set maxmemory-policy to noeviction',
    );
    const admin = servers.client(server);
    await admin.call('ACL', 'SETUSER', 'few', 'on', '>hush', '~*', '+@all', '-@dangerous', '-zadd');
    expect(await doctor(server.url.replace('redis://', 'redis://few:hush@'))).toEqual([
      `✓ queue Redis at 127.0.0.1:${server.port}, version not checked, primary, no TLS`,
      expect.stringMatching(/^✗ queue rights its user lacks rights \(ACL\): the command zadd → grant them/),
      '! queue memory not checked: its user may not ask for maxmemory-policy',
      '! queue disk not checked: its user may not ask how data is saved',
    ]);
    await admin.call('ACL', 'SETUSER', 'few', 'resetkeys', '~other:*');
    expect(await doctor(server.url.replace('redis://', 'redis://few:hush@'))).toContainEqual(
      expect.stringContaining('access to the keys that begin with QUEUE_PREFIX'),
    );
  });

  it('names a replica, a cluster, a full memory and a wrong password', async () => {
    const [primary, replica, cluster] = [
      await servers.start([], { password: 'right' }),
      await servers.start(['--masterauth', 'right']),
      await servers.start(['--cluster-enabled', 'yes']),
    ];
    await servers.client(replica).replicaof('127.0.0.1', primary.port);
    await eventually(async () => {
      expect((await doctor(replica.url))[0]).toBe(
        `✗ queue Redis at 127.0.0.1:${replica.port}: the server is a read-only replica (role: replica) → connect to the primary`,
      );
    });
    expect(await doctor(cluster.url)).toEqual([
      expect.stringContaining(`✗ queue Redis at 127.0.0.1:${cluster.port}: it is a Redis Cluster → use one Redis`),
    ]);
    await servers.client(primary).config('SET', 'maxmemory', '1');
    expect((await doctor(primary.url))[0]).toContain('its memory is full → raise maxmemory');
    expect(await doctor(primary.url.replace('right', 'hush-3141'))).toEqual([
      `✗ queue Redis at 127.0.0.1:${primary.port}: user or password refused → check user and password in REDIS_URL`,
    ]);
  });

  it('asks the sentinels for the primary', async () => {
    const primary = await servers.start();
    const sentinel = await servers.startSentinel({ master: 'mymaster', primaryPort: primary.port });
    const list = `127.0.0.1:${sentinel.port}`;
    expect((await doctor('redis://not-used', { REDIS_SENTINELS: list }))[0]).toMatch(
      new RegExp(
        `^✓ queue Redis primary mymaster by sentinels ${list}, version .*, primary, no TLS, a sentinel knows it$`,
      ),
    );
    const unknown = { REDIS_SENTINELS: list, REDIS_SENTINEL_MASTER: 'other' };
    expect((await doctor('redis://not-used', unknown))[0]).toContain(
      'no sentinel is reachable or knows a primary of that name → check REDIS_SENTINELS, REDIS_SENTINEL_MASTER',
    );
  });
});
