import { describe, expect, it } from '@jest/globals';
import { EMPTY, quantile, risenHistogram, sumOf } from './histograms.js';

const of = (n: number[], count: number, sum = 1) => ({ le: [1, 2, 4], n, sum, count });

describe('histograms of the fleet', () => {
  it('have quantiles interpolated within a bucket', () => {
    expect(quantile(0.5, of([0, 10, 10], 10))).toBe(1.5);
    expect(quantile(0.5, of([5, 10, 10], 10))).toBe(1);
    expect(quantile(0.99, of([0, 0, 50], 100))).toBe(4);
    expect(quantile(0.5, EMPTY)).toBeNull();
  });

  it('rise from an earlier reading, and from 0 if the process began anew', () => {
    expect(risenHistogram(of([1, 5, 6], 6, 9), of([1, 2, 2], 2, 4))).toEqual(of([0, 3, 4], 4, 5));
    expect(risenHistogram(of([1, 1, 1], 1), of([1, 2, 2], 2))).toEqual(of([1, 1, 1], 1));
    expect(risenHistogram(of([1, 1, 1], 1), undefined)).toEqual(of([1, 1, 1], 1));
  });

  it('are summed with those that have the same bounds', () => {
    expect(sumOf([of([1, 2, 3], 3), of([1, 1, 1], 1), EMPTY])).toEqual(of([2, 3, 4], 4, 2));
    expect(sumOf([of([1, 2, 3], 3), { le: [9], n: [1], sum: 1, count: 1 }])).toEqual(of([1, 2, 3], 3));
    expect(sumOf([])).toEqual(EMPTY);
  });
});
