import { withTimeout } from '@app/kernel';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { RedisOptions } from 'ioredis';
import { keepAlive } from './heartbeat.js';
import { probeWrite } from './probe.js';
import { RedisAddresses } from './redis-address.js';
import { RedisClient } from './redis-client.js';
import { redisPlace, type RedisSettings } from './redis-settings.js';
import { RotatingUrl } from './rotating-url.js';
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
    this.url = new RotatingUrl(settings, () => {
      this.replaceConnections();
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
