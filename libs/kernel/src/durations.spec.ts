import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { jittered, sleep, withTimeout } from './durations.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('pause', () => {
  it('resolves after the given time and not before', async () => {
    const over = jest.fn();
    void sleep(1000).then(over);
    await jest.advanceTimersByTimeAsync(999);
    expect(over).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    expect(over).toHaveBeenCalledTimes(1);
  });

  it('resolves immediately when aborted, before or during the wait, and leaves no timer', async () => {
    await sleep(60_000, AbortSignal.abort());
    const calling = new AbortController();
    const pausing = sleep(60_000, calling.signal);
    calling.abort();
    await pausing;
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('within', () => {
  const late = () => new Error('too late');

  it('resolves with the result, and leaves no timer', async () => {
    await expect(withTimeout(1000, Promise.resolve('done'), late)).resolves.toBe('done');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('rejects with the error of the work', async () => {
    await expect(withTimeout(1000, Promise.reject(new Error('its own')), late)).rejects.toThrow('its own');
  });

  it('rejects on timeout', async () => {
    const result = withTimeout(1000, new Promise(() => undefined), late).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(1000);
    expect(await result).toEqual(late());
  });

  it('ignores a rejection after the timeout', async () => {
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const result = withTimeout(10, work, late).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(10);
    fail(new Error('much later'));
    await jest.advanceTimersByTimeAsync(10);
    expect(await result).toEqual(late());
  });
});

describe('jittered', () => {
  it('is between half and all of the duration', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (ms, drawn) => {
        const drawnMs = jittered(ms, () => drawn);
        expect(drawnMs).toBeGreaterThanOrEqual(Math.floor(ms / 2));
        expect(drawnMs).toBeLessThanOrEqual(ms);
      }),
    );
  });
});
