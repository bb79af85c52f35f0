import { CasRateLimitedError, CasUnavailableError } from '@app/cas-client';
import { describe, expect, it } from '@jest/globals';
import { RefillPace } from './refill-pace.js';

function paceAt(concurrency = 10) {
  const clock = { now: 0 };
  return { clock, pace: new RefillPace(concurrency, () => clock.now) };
}

describe('the pace of a refill', () => {
  it('lets as many sets be minted at once as configured', () => {
    const { pace } = paceAt();
    expect([pace.free(0), pace.free(9), pace.free(10), pace.free(11)]).toEqual([10, 1, 0, 0]);
  });

  it('pauses after a failure, and then lets one through until one succeeds', () => {
    const { clock, pace } = paceAt();
    const pauseMs = pace.failed([new CasUnavailableError()]);
    expect(pauseMs).toBeGreaterThanOrEqual(500);
    expect(pauseMs).toBeLessThanOrEqual(1000);
    expect(pace.free(0)).toBe(0);
    clock.now = 1000;
    expect([pace.free(0), pace.free(1)]).toEqual([1, 0]);
    pace.succeeded();
    expect(pace.free(0)).toBe(10);
  });

  it('pauses longer with each failure in a row, up to 30 s', () => {
    const { clock, pace } = paceAt();
    const pauses = Array.from({ length: 8 }, () => {
      const pauseMs = pace.failed([new CasUnavailableError()]) ?? 0;
      clock.now += pauseMs;
      return pauseMs;
    });
    const longest = [1, 2, 4, 8, 16, 30, 30, 30].map((seconds) => seconds * 1000);
    expect(pauses.every((ms, n) => ms >= (longest[n] ?? 0) / 2 && ms <= (longest[n] ?? 0))).toBe(true);
  });

  it('counts the failures of sets that were begun before the pause once', () => {
    const { clock, pace } = paceAt();
    pace.failed([new CasUnavailableError()]);
    expect(pace.failed([new CasUnavailableError()])).toBeNull();
    clock.now = 1000;
    expect(pace.failed([new CasUnavailableError()])).toBeLessThanOrEqual(2000);
  });

  it('waits as long as CAS asks for', () => {
    const { pace } = paceAt();
    expect(pace.failed([new CasUnavailableError(), new CasRateLimitedError({ retryAfterMs: 42_000 })])).toBe(42_000);
  });
});
