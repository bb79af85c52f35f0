import { LRUCache } from 'lru-cache';

/** Addresses that are remembered; the ones that were quiet for longest are forgotten first, and are full again. */
const MAX_ADDRESSES = 50_000;

interface Bucket {
  left: number;
  /** When `left` was counted, in ms. */
  at: number;
}

/** So many a second from each address, and so many at once from one that was quiet. */
export class TokenBucket {
  private readonly buckets = new LRUCache<string, Bucket>({ max: MAX_ADDRESSES });

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Takes one if there is one left. */
  take(address: string): boolean {
    const at = this.now();
    const bucket = this.buckets.get(address) ?? { left: this.burst, at };
    const left = Math.min(this.burst, bucket.left + ((at - bucket.at) / 1000) * this.perSecond);
    const granted = left >= 1;
    this.buckets.set(address, { left: granted ? left - 1 : left, at });
    return granted;
  }
}
