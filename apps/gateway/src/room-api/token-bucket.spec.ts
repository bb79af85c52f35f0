import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from './token-bucket.js';

function taken(allowance: TokenBucket, address: string, tries: number): number {
  return Array.from({ length: tries }, () => allowance.take(address)).filter(Boolean).length;
}

describe('an allowance', () => {
  it('grants a burst, then so many a second, and never saves up more than the burst', () => {
    let now = 0;
    const allowance = new TokenBucket(10, 30, () => now);
    expect(taken(allowance, 'a', 50)).toBe(30);
    now += 500;
    expect(taken(allowance, 'a', 50)).toBe(5);
    now += 3_600_000;
    expect(taken(allowance, 'a', 50)).toBe(30);
  });

  it('loses nothing to looks between two grants', () => {
    let now = 0;
    const allowance = new TokenBucket(1, 1, () => now);
    expect(allowance.take('a')).toBe(true);
    const granted = Array.from({ length: 10 }, () => {
      now += 125;
      return allowance.take('a');
    });
    expect(granted.filter(Boolean)).toHaveLength(1);
  });

  it('belongs to one address', () => {
    const allowance = new TokenBucket(1, 2, () => 0);
    expect(taken(allowance, 'a', 5)).toBe(2);
    expect(taken(allowance, 'b', 5)).toBe(2);
  });
});
