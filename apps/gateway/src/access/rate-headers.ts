import type { Allowance } from './rates.js';

/** `RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers-10 has them. */
export function rateHeaders({ rate, left, resetMs }: Allowance): Record<string, string> {
  return {
    'ratelimit-policy': `"caller";q=${String(rate)};w=1`,
    ratelimit: `"caller";r=${String(left)};t=${String(inSeconds(resetMs))}`,
  };
}

/** Whole seconds, rounded up, at least one: for `Retry-After`. */
export function inSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
