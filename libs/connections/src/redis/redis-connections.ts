import { redisUrlFault } from '@app/config';
import { describeCause, withTimeout } from '@app/kernel';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { RedisOptions } from 'ioredis';
import { keepAlive } from './heartbeat.js';
import { probeWrite, withRedis } from './probe.js';
import { RedisAddresses } from './redis-address.js';
import { RedisClient } from './redis-client.js';
import { redisPlace, type RedisSettings } from './redis-settings.js';
import { RotatingUrl } from '../rotating-url.js';
import { SentinelWatch } from './sentinel-watch.js';

/** How long the key of a heartbeat is kept, in ms. */
const KEPT_MS = 10_000;

/** Makes and keeps all connections of a process to Redis. */
@Injectable()
export class RedisConnections implements OnApplicationShutdown {
  private readonly addresses: RedisAddresses;
  private readonly url: RotatingUrl;
  private readonly clients = new Map<RedisClient, { blocking: boolean; stop: () => void }>();
  private sentinels: SentinelWatch | undefined;

  constructor(private readonly settings: RedisSettings) {
    this.addresses = new RedisAddresses(settings);
    const log = new Logger('Redis');
    this.url = new RotatingUrl({
      variable: 'REDIS_URL',
      url: settings.redisUrl,
      file: settings.redisUrlFile,
      faultOf: (candidate) => this.faultOf(candidate),
      adopt: (candidate, previous) => this.adopt(candidate, previous),
      report: (line) => {
        log.warn(line);
      },
    });
  }

  /** Where Redis is, for logs: without credentials. */
  get place(): string {
    return redisPlace({ ...this.settings, redisUrl: this.url.value });
  }

  /**
   * A client that connects now, and again whenever it must.
   *
   * @param blocking whether it waits in Redis, so that it cannot be asked for anything in between
   */
  open(options: RedisOptions, { blocking = false } = {}): RedisClient {
    const client = new RedisClient(() => this.addresses.of(this.url.value), options);
    const key = `${this.settings.prefix}:heartbeat`;
    // Written, not only asked for: a connection to a server that has become a replica is noticed.
    const beat = () => (blocking ? client.ping() : client.set(key, '1', 'PX', KEPT_MS));
    this.clients.set(client, { blocking, stop: keepAlive(client, beat) });
    this.watchSentinels();
    return client.open();
  }

  /**
   * Resolves if every connection is established, and Redis takes writes from all that do not block.
   *
   * @throws the error of Redis, or of the connection, or after `timeoutMs`
   */
  async assertUsable(timeoutMs: number): Promise<void> {
    const each = [...this.clients].map(async ([client, { blocking }]) => {
      if (client.status !== 'ready') throw client.lastError ?? new Error('no response');
      if (!blocking) await probeWrite(client, this.settings.prefix);
    });
    await withTimeout(timeoutMs, Promise.all(each), () => new Error('no response'));
  }

  onApplicationShutdown(): void {
    this.url.stop();
    this.sentinels?.end();
    for (const { stop } of this.clients.values()) stop();
  }

  private async faultOf(candidate: string): Promise<string | null> {
    const malformed = redisUrlFault(candidate);
    if (malformed !== null) return `the URL ${malformed}`;
    // ioredis sends commands of the previous connection again on the next one.
    if (databaseOf(candidate) !== databaseOf(this.url.value)) return 'another database number requires a restart';
    const settings = { ...this.settings, redisUrl: candidate };
    try {
      await withRedis(settings, (client) => probeWrite(client, this.settings.prefix));
      return null;
    } catch (error) {
      return describeCause(redisPlace(settings), error);
    }
  }

  private adopt(candidate: string, previous: string): string {
    const moved = serverOf(candidate) !== serverOf(previous);
    if (moved) this.replaceConnections();
    const place = redisPlace({ ...this.settings, redisUrl: candidate });
    return `${moved ? 'connecting to' : 'new connections to'} ${place} use it`;
  }

  private watchSentinels(): void {
    const { redisSentinels } = this.settings;
    if (redisSentinels === undefined) return;
    this.sentinels ??= new SentinelWatch(this.addresses, redisSentinels.master, () => {
      this.replaceConnections();
    });
  }

  private replaceConnections(): void {
    for (const client of this.clients.keys()) client.replaceConnection();
  }
}

function serverOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

function databaseOf(url: string): number {
  return Number(new URL(url).pathname.slice(1));
}
