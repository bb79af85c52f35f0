import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backoff, BACKOFF_MS } from './backoff.js';

const listed = (attempts: number) => BACKOFF_MS[Math.min(attempts, BACKOFF_MS.length - 1)] ?? NaN;

describe('the backoff', () => {
  it('has the documented values', () => {
    expect(BACKOFF_MS).toEqual([250, 1000, 3000, 10_000, 30_000, 60_000]);
    expect(BACKOFF_MS.map((_, attempts) => backoff(attempts, () => 1))).toEqual([...BACKOFF_MS]);
  });

  it('is between half and all of its value, and the last value repeats', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, drawn) => {
        const wait = backoff(attempts, () => drawn);
        expect(wait).toBeGreaterThanOrEqual(listed(attempts) / 2);
        expect(wait).toBeLessThanOrEqual(listed(attempts));
        expect(Number.isInteger(wait)).toBe(true);
      }),
    );
  });

  it('is jittered, so that many sessions do not retry at the same moment', () => {
    const draws = Array.from({ length: 200 }, () => backoff(5));
    expect(new Set(draws).size).toBeGreaterThan(100);
  });

  it('treats a negative count as zero', () => {
    expect(backoff(-1, () => 1)).toBe(250);
  });
});
