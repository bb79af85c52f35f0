import { LRUCache } from 'lru-cache';

/** Addresses kept; the least recently used are dropped first and start with a full bucket again. */
const MAX_ADDRESSES = 50_000;

interface Bucket {
  left: number;
  /** When `left` was computed, in ms. */
  at: number;
}

/** A token bucket per address: `perSecond` refill up to `burst`. */
export class TokenBucket {
  private readonly buckets = new LRUCache<string, Bucket>({ max: MAX_ADDRESSES });

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Takes one token. @returns false if the bucket is empty */
  take(address: string): boolean {
    const at = this.now();
    const bucket = this.buckets.get(address) ?? { left: this.burst, at };
    const left = Math.min(this.burst, bucket.left + ((at - bucket.at) / 1000) * this.perSecond);
    const granted = left >= 1;
    this.buckets.set(address, { left: granted ? left - 1 : left, at });
    return granted;
  }
}
