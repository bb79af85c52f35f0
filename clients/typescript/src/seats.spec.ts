import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ConnectionError, ProblemError } from './errors.js';
import { holdSeat } from './seats.js';
import type { Problem, Seat } from './types.js';

const SEAT: Seat = {
  id: 'seat_1',
  session: 'ses_1',
  name: 'Anna',
  role: 'viewer',
  takenAt: '',
  leaseUntil: '',
  leaseS: 60,
};
const LEASE_MS = 60_000;
const gone = new ProblemError({ code: 'not-found', retryable: false } as Problem, 404);
const busy = new ProblemError({ code: 'overloaded', retryable: true } as Problem, 503);
const cut = new ConnectionError(new Request('http://localhost/'), 1, new Error('cut'));

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function hold(renewals: (Seat | Error)[]) {
  const calls = { renewed: 0, freed: 0, lost: [] as Error[] };
  const seat = holdSeat(SEAT, performance.now(), {
    renew: () => {
      calls.renewed++;
      const next = renewals.length > 1 ? renewals.shift() : renewals[0];
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next ?? SEAT);
    },
    free: () => {
      calls.freed++;
      return Promise.resolve();
    },
    onLost: (reason) => calls.lost.push(reason),
  });
  return { seat, calls };
}

describe('a seat that is held', () => {
  it('is renewed three times a lease, until it is left', async () => {
    const { seat, calls } = hold([SEAT]);
    await jest.advanceTimersByTimeAsync(10 * LEASE_MS);
    expect([calls.renewed, calls.lost]).toEqual([30, []]);
    await seat.leave();
    await jest.advanceTimersByTimeAsync(10 * LEASE_MS);
    expect(calls).toEqual({ renewed: 30, freed: 1, lost: [] });
  });

  it('is renewed as often as the server says', async () => {
    const { calls } = hold([{ ...SEAT, leaseS: 6 }]);
    await jest.advanceTimersByTimeAsync(20_000 + 10_000);
    expect(calls.renewed).toBe(1 + 5);
  });

  it.each([
    ['a busy server', busy],
    ['a cut connection', cut],
  ])('outlives %s for a while', async (_what, error) => {
    const { calls } = hold([error, error, SEAT]);
    await jest.advanceTimersByTimeAsync(5 * LEASE_MS);
    expect(calls.lost).toEqual([]);
    const { calls: others } = hold([SEAT, error]);
    await jest.advanceTimersByTimeAsync(5 * LEASE_MS);
    expect(others.lost).toEqual([error]);
    expect(others.renewed).toBeLessThanOrEqual(5);
  });

  it('is lost at once when the server says so, and then let be', async () => {
    const { seat, calls } = hold([gone]);
    await jest.advanceTimersByTimeAsync(5 * LEASE_MS);
    expect([calls.renewed, calls.lost]).toEqual([1, [gone]]);
    await seat.leave();
    expect(calls.freed).toBe(1);
  });

  it('is not lost after it was left, whatever came of a renewal under way', async () => {
    const { seat, calls } = hold([gone]);
    jest.advanceTimersByTime(LEASE_MS / 3);
    await seat.leave();
    await jest.advanceTimersByTimeAsync(LEASE_MS);
    expect(calls.lost).toEqual([]);
  });
});
