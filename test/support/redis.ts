import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type RunningRedis, startRedis, startSentinel } from '../../tools/redis.mjs';

/** Servers of Redis for one test file, in a directory of their own. */
export class RedisServers {
  readonly directory = mkdtempSync(join(tmpdir(), 'watchtogether-redis-'));
  private readonly running: RunningRedis[] = [];
  private readonly clients: Redis[] = [];

  async start(args: string[] = [], options: { port?: number; password?: string } = {}): Promise<RunningRedis> {
    const server = await startRedis({ dir: this.directory, args, ...options });
    this.running.push(server);
    return server;
  }

  async startSentinel(options: Omit<Parameters<typeof startSentinel>[0], 'dir'>): Promise<RunningRedis> {
    const server = await startSentinel({ dir: this.directory, ...options });
    this.running.push(server);
    return server;
  }

  /** A client for orders to a server, which the product never gives. */
  client(server: RunningRedis): Redis {
    const client = new Redis(server.url, { maxRetriesPerRequest: null });
    client.on('error', () => undefined);
    this.clients.push(client);
    return client;
  }

  async end(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    await Promise.all(this.running.map((server) => server.stop()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
