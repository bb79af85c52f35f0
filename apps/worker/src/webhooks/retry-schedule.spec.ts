import { describe, expect, it } from '@jest/globals';
import { nextWaitS, retryAfterS, SCHEDULE_S } from './retry-schedule.js';

describe('the schedule of attempts', () => {
  it('is at once, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h', () => {
    expect(SCHEDULE_S.map((s) => s / 60)).toEqual([0, 5 / 60, 5, 30, 120, 300, 600, 840, 1200, 1440]);
  });

  it.each(SCHEDULE_S.slice(1).map((s, i) => [i + 1, s] as const))(
    'after attempt %s waits %s s, give or take 20 %%',
    (attempts, s) => {
      expect(nextWaitS(attempts, 0, () => 0)).toBeCloseTo(0.8 * s);
      expect(nextWaitS(attempts, 0, () => 1)).toBeCloseTo(1.2 * s);
    },
  );

  it('ends after the tenth attempt', () => {
    expect(nextWaitS(10)).toBeNull();
    expect(nextWaitS(10, 60)).toBeNull();
  });

  it.each([
    [4, 4.5],
    [7, 7],
    [10, 10],
    [3600, 10],
  ])('with a Retry-After of %s s waits %s s instead of 4.5 s', (asked, waited) => {
    expect(nextWaitS(1, asked, () => 0.25)).toBeCloseTo(waited);
  });
});

describe('Retry-After', () => {
  const NOW = Date.parse('2026-11-26T12:00:00Z');

  it.each([
    [null, 0],
    ['120', 120],
    ['Thu, 26 Nov 2026 12:01:00 GMT', 60],
    ['Thu, 26 Nov 2026 11:00:00 GMT', 0],
    ['soon', 0],
    ['-5', 0],
    ['1e9', 0],
  ])('%s is %s s', (value, seconds) => {
    expect(retryAfterS(value, NOW)).toBe(seconds);
  });
});
