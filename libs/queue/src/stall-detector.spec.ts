import { describe, expect, it } from '@jest/globals';
import { StallDetector } from './stall-detector.js';

describe('LoopWatch', () => {
  it('takes a worker for alive that has nothing to take, for however long', () => {
    const watch = new StallDetector();
    expect(watch.isAlive(0, true, 0)).toBe(true);
    expect(watch.isAlive(0, true, 1_000_000)).toBe(true);
  });

  it('takes a worker for dead that leaves jobs lying for 30 s though it has room', () => {
    const watch = new StallDetector();
    expect(watch.isAlive(5, true, 0)).toBe(true);
    expect(watch.isAlive(5, true, 29_999)).toBe(true);
    expect(watch.isAlive(5, true, 30_000)).toBe(false);
  });

  it('takes a full worker for alive, and one that has just moved', () => {
    const watch = new StallDetector();
    expect(watch.isAlive(5, false, 0)).toBe(true);
    expect(watch.isAlive(5, false, 60_000)).toBe(true);
    expect(watch.isAlive(5, true, 60_000)).toBe(true);
    watch.progressed();
    expect(watch.isAlive(5, true, 95_000)).toBe(true);
  });
});
