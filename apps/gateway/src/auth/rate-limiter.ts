import { createHash } from 'node:crypto';
import { ConfigService, type SettingsService } from '@app/config';
import { type RedisClient, RedisConnections } from '@app/connections';
import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

/** The window in which failed credentials are counted, in s. */
const FAILURE_WINDOW_S = 60;
/** How long to wait for Redis, in ms; after that this gateway counts on its own. */
const COMMAND_TIMEOUT_MS = 250;
const MAX_BLOCKED_ADDRESSES = 50_000;

/** The outcome of one request against a caller's rate limit. */
export interface RateLimitResult {
  /** Requests per second. */
  limit: number;
  /** Requests left in the current second. */
  remaining: number;
  /** Time until the limit resets, in ms. */
  resetMs: number;
  allowed: boolean;
}

/**
 * Rate limits per caller, and failed credentials per address. Shared by all gateways through Redis if the queue is there;
 * without Redis, or while it is unavailable, each gateway counts on its own. Keys are hashed: Redis holds no names.
 */
@Injectable()
export class RateLimiter implements OnApplicationShutdown {
  private readonly redis: RedisClient | undefined;
  private readonly prefix: string;
  private readonly byRate = new Map<number, RateLimiterAbstract>();
  private readonly failures: RateLimiterAbstract;
  /** Blocked addresses, with the time left as TTL: checked without a round trip. */
  private readonly blocked = new LRUCache<string, true>({ max: MAX_BLOCKED_ADDRESSES });

  constructor(
    @Inject(ConfigService) config: SettingsService<'queue' | 'access'>,
    @Optional() @Inject(RedisConnections) connections?: RedisConnections,
  ) {
    this.prefix = config.get('queue', { infer: true }).prefix;
    this.redis = connections?.open({ enableOfflineQueue: false, commandTimeout: COMMAND_TIMEOUT_MS });
    const { maxFailed } = config.get('access', { infer: true });
    this.failures = this.limiter('failed', maxFailed, FAILURE_WINDOW_S);
  }

  onApplicationShutdown(): void {
    this.redis?.disconnect();
  }

  /** Counts one request of a caller limited to `rate` requests per second. */
  async consume(caller: string, rate: number): Promise<RateLimitResult> {
    const limiter = this.byRate.get(rate) ?? this.limiter(`rate-${String(rate)}`, rate, 1);
    this.byRate.set(rate, limiter);
    const { left, resetMs, granted } = await consume(limiter, hashed(caller));
    return { limit: rate, remaining: left, resetMs, allowed: granted };
  }

  /** Counts a failed credential from an address. */
  async recordFailure(address: string): Promise<void> {
    const { granted, resetMs } = await consume(this.failures, hashed(address));
    if (!granted) this.blocked.set(address, true, { ttl: Math.max(1, resetMs) });
  }

  /** Whether any address is blocked. */
  get isBlocking(): boolean {
    return this.blocked.size > 0;
  }

  /** How long unknown credentials from an address are refused unchecked, in ms; 0 if they are checked. */
  blockedForMs(address: string): number {
    return this.blocked.getRemainingTTL(address);
  }

  private limiter(name: string, points: number, duration: number): RateLimiterAbstract {
    const options = { keyPrefix: `${this.prefix}:${name}`, points, duration };
    const alone = new RateLimiterMemory(options);
    if (this.redis === undefined) return alone;
    return new RateLimiterRedis({
      ...options,
      storeClient: this.redis,
      insuranceLimiter: alone,
      rejectIfRedisNotReady: true,
    });
  }
}

async function consume(limiter: RateLimiterAbstract, key: string) {
  try {
    const { remainingPoints, msBeforeNext } = await limiter.consume(key);
    return { granted: true, left: remainingPoints, resetMs: msBeforeNext };
  } catch (error) {
    // The library rejects with this when the limit is exceeded.
    if (error instanceof RateLimiterRes) return { granted: false, left: 0, resetMs: error.msBeforeNext };
    throw error;
  }
}

function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
