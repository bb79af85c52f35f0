import { StartupError, endpoint, sleep } from '@app/kernel';
import { Redis } from 'ioredis';

const LOOK_EVERY_MS = 500;
const ANSWER_WITHIN_MS = 2000;

/**
 * Waits until Redis is available, and rejects a Redis that may evict jobs when its memory is full. Returns immediately
 * if the queue is kept in the database.
 *
 * @throws StartupError after `timeoutMs`, or immediately for a wrong eviction policy
 */
export async function waitForQueue(redisUrl: string | undefined, timeoutMs: number, onWait: () => void): Promise<void> {
  if (redisUrl === undefined) return;
  const end = performance.now() + timeoutMs;
  for (let first = true; ; first = false) {
    const policy = await evictionPolicy(redisUrl);
    if (policy !== null) {
      if (policy !== 'noeviction')
        throw new StartupError(`Redis must run with maxmemory-policy noeviction, not ${policy}`);
      return;
    }
    if (performance.now() > end)
      throw new StartupError(`Redis is unavailable (${endpoint(redisUrl)}, waited ${String(timeoutMs / 1000)} s)`);
    if (first) onWait();
    await sleep(LOOK_EVERY_MS);
  }
}

/** Read from INFO, since managed services often disable CONFIG. Null if Redis is unavailable. */
export async function evictionPolicy(url: string): Promise<string | null> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: ANSWER_WITHIN_MS,
    commandTimeout: ANSWER_WITHIN_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const memory = await redis.info('memory');
    return /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction';
  } catch {
    return null;
  } finally {
    redis.disconnect();
  }
}
