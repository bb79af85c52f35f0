import { Logger } from '@nestjs/common';
import { keepAlive } from './heartbeat.js';
import type { RedisAddresses } from './redis-address.js';
import { RedisClient } from './redis-client.js';

const SWITCHED = '+switch-master';

/**
 * Listens to every sentinel for failovers, over one connection each: an old primary that cannot be reached by its
 * sentinels would otherwise go on taking writes that are lost.
 */
export class SentinelWatch {
  private readonly log = new Logger('Redis');
  private readonly ends: (() => void)[] = [];

  constructor(addresses: RedisAddresses, master: string, onSwitch: () => void) {
    for (const index of addresses.sentinels().keys()) {
      const client = new RedisClient(() => addresses.sentinels()[index] ?? {}, {
        enableReadyCheck: false,
        maxRetriesPerRequest: null,
      });
      client.on('message', (_channel, text) => {
        const [name, , , host, port] = text.split(' ');
        if (name !== master) return;
        this.log.warn(`Redis primary ${master} is now ${String(host)}:${String(port)}: connections are replaced`);
        onSwitch();
      });
      const stopBeating = keepAlive(client, () => client.ping());
      client
        .open()
        .subscribe(SWITCHED)
        .catch(() => undefined);
      this.ends.push(stopBeating, () => {
        client.disconnect();
      });
    }
  }

  end(): void {
    for (const end of this.ends) end();
  }
}
