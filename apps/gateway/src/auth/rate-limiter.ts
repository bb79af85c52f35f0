import { createHash } from 'node:crypto';
import { ConfigService, type SettingsService } from '@app/config';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

/** Failed credentials are counted over this long, in s. */
const FAILURE_WINDOW_S = 60;
/** A Redis that does not answer within this is done without, in ms: this gateway counts alone then. */
const COMMAND_TIMEOUT_MS = 250;
const MAX_BLOCKED_ADDRESSES = 50_000;

/** What is left of a caller's rate. */
export interface RateLimitResult {
  /** Requests a second. */
  limit: number;
  /** Requests left in this second. */
  remaining: number;
  /** When it is full again, in ms. */
  resetMs: number;
  allowed: boolean;
}

/**
 * Who asks how often. Counted in Redis where the queue lives there, so for all gateways together; while it is away, and
 * without it, each gateway counts alone. Callers and addresses are hashed: nobody stands in Redis by name.
 */
@Injectable()
export class RateLimiter implements OnApplicationShutdown {
  private readonly redis: Redis | undefined;
  private readonly prefix: string;
  private readonly byRate = new Map<number, RateLimiterAbstract>();
  private readonly failures: RateLimiterAbstract;
  /** Addresses that have used up their failures, until when: known without asking anybody. */
  private readonly blocked = new LRUCache<string, true>({ max: MAX_BLOCKED_ADDRESSES });

  constructor(@Inject(ConfigService) config: SettingsService<'queue' | 'access'>) {
    const { redisUrl, prefix } = config.get('queue', { infer: true });
    this.prefix = prefix;
    if (redisUrl !== undefined) {
      this.redis = new Redis(redisUrl, { enableOfflineQueue: false, commandTimeout: COMMAND_TIMEOUT_MS });
      // It says so for every try; whoever needs Redis itself tells.
      this.redis.on('error', () => undefined);
    }
    const { maxFailed } = config.get('access', { infer: true });
    this.failures = this.limiter('failed', maxFailed, FAILURE_WINDOW_S);
  }

  onApplicationShutdown(): void {
    this.redis?.disconnect();
  }

  /** Takes one request of a caller who may send `rate` of them in a second. */
  async consume(caller: string, rate: number): Promise<RateLimitResult> {
    const limiter = this.byRate.get(rate) ?? this.limiter(`rate-${String(rate)}`, rate, 1);
    this.byRate.set(rate, limiter);
    const { left, resetMs, granted } = await consume(limiter, hashed(caller));
    return { limit: rate, remaining: left, resetMs, allowed: granted };
  }

  /** Notes that an address has sent a wrong credential. */
  async recordFailure(address: string): Promise<void> {
    const { granted, resetMs } = await consume(this.failures, hashed(address));
    if (!granted) this.blocked.set(address, true, { ttl: Math.max(1, resetMs) });
  }

  /** How long an address has to wait until its unknown credentials are looked at again, in ms; 0: they are. */
  blockedForMs(address: string): number {
    return this.blocked.getRemainingTTL(address);
  }

  private limiter(name: string, points: number, duration: number): RateLimiterAbstract {
    const options = { keyPrefix: `${this.prefix}-${name}`, points, duration };
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
    // The library's way of saying that nothing is left.
    if (error instanceof RateLimiterRes) return { granted: false, left: 0, resetMs: error.msBeforeNext };
    throw error;
  }
}

function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
