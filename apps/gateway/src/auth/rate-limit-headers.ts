import type { RateLimitResult } from './rate-limiter.js';

/** `RateLimit-Policy` and `RateLimit` as defined in draft-ietf-httpapi-ratelimit-headers-10. */
export function rateLimitHeaders({ limit: rate, remaining: left, resetMs }: RateLimitResult): Record<string, string> {
  return {
    'ratelimit-policy': `"caller";q=${String(rate)};w=1`,
    ratelimit: `"caller";r=${String(left)};t=${String(toRetryAfterSeconds(resetMs))}`,
  };
}

/** Whole seconds, rounded up, at least one: for `Retry-After`. */
export function toRetryAfterSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
