import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backoff, BACKOFF_MS } from './backoff.js';

const listed = (attempts: number) => BACKOFF_MS[Math.min(attempts, BACKOFF_MS.length - 1)] ?? NaN;

describe('the wait before the next call to CAS', () => {
  it('follows the list that the documents show', () => {
    expect(BACKOFF_MS).toEqual([250, 1000, 3000, 10_000, 30_000, 60_000]);
    expect(BACKOFF_MS.map((_, attempts) => backoff(attempts, () => 1))).toEqual([...BACKOFF_MS]);
  });

  it('lies always between half and whole of its place in the list, and the last place repeats', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, drawn) => {
        const wait = backoff(attempts, () => drawn);
        expect(wait).toBeGreaterThanOrEqual(listed(attempts) / 2);
        expect(wait).toBeLessThanOrEqual(listed(attempts));
        expect(Number.isInteger(wait)).toBe(true);
      }),
    );
  });

  it('is drawn: many sessions do not come back at the same moment', () => {
    const draws = Array.from({ length: 200 }, () => backoff(5));
    expect(new Set(draws).size).toBeGreaterThan(100);
  });

  it('takes a count below zero for none', () => {
    expect(backoff(-1, () => 1)).toBe(250);
  });
});
