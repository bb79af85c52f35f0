import { classifyCause, sleep, withTimeout } from '@app/kernel';
import { RedisAddresses } from './redis-address.js';
import { CONNECT_TIMEOUT_MS, RedisClient } from './redis-client.js';
import type { RedisSettings } from './redis-settings.js';
import { tlsAlert } from './tls-alert.js';

const COMMAND_TIMEOUT_MS = 2000;
/** Limit of everything that is done over one short-lived connection, in ms. */
const TOTAL_MS = 2 * CONNECT_TIMEOUT_MS;
/** How long a key of a probe is kept, in ms. */
const KEPT_MS = 10_000;

/** Two keys, as the scripts of the queue have: a cluster refuses them. */
const WRITE = `redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) return redis.call('SET', KEYS[2], '1', 'PX', ARGV[1])`;

/**
 * Writes as the queue does, by a script within the prefix. Rejects with the error of Redis if the server is a replica,
 * is full, cannot save, is a cluster, or if the user lacks the right.
 */
export async function probeWrite(client: RedisClient, prefix: string): Promise<void> {
  await client.eval(WRITE, 2, `${prefix}:probe:1`, `${prefix}:probe:2`, KEPT_MS);
}

/**
 * Does something over one connection that is made for it, with a single attempt.
 *
 * @throws what is the matter, rather than what it led to: `ECONNREFUSED` instead of "Connection is closed"
 */
export async function withRedis<T>(settings: RedisSettings, work: (client: RedisClient) => Promise<T>): Promise<T> {
  const addresses = new RedisAddresses(settings);
  const client = new RedisClient(() => addresses.of(settings.redisUrl), {
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    reconnectOnError: () => false,
  });
  const errors: Error[] = [];
  client.on('error', (error: Error) => errors.push(error));
  const doing = client.connect().then(() => work(client));
  try {
    return await withTimeout(TOTAL_MS, doing, () => new Error('no response'));
  } catch (error) {
    // ioredis reports the reason of a refused connection a moment after the connection's end.
    await sleep(0);
    const [first = error] = errors;
    const { kind } = classifyCause(first);
    const address = addresses.of(settings.redisUrl);
    const mayHideAlert = kind === 'reset' && address.tls !== undefined && address.sentinels === undefined;
    throw (mayHideAlert ? await tlsAlert(address) : undefined) ?? first;
  } finally {
    client.disconnect();
  }
}
