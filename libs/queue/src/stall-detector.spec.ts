import { describe, expect, it } from '@jest/globals';
import { StallDetector } from './stall-detector.js';

describe('StallDetector', () => {
  it('considers an idle worker alive indefinitely', () => {
    const watch = new StallDetector();
    expect(watch.isAlive(0, true, 0)).toBe(true);
    expect(watch.isAlive(0, true, 1_000_000)).toBe(true);
  });

  it('considers a worker stalled that takes no jobs for 30 s despite free capacity', () => {
    const watch = new StallDetector();
    expect(watch.isAlive(5, true, 0)).toBe(true);
    expect(watch.isAlive(5, true, 29_999)).toBe(true);
    expect(watch.isAlive(5, true, 30_000)).toBe(false);
  });

  it('considers a worker alive that is at capacity or has just made progress', () => {
    const watch = new StallDetector();
    expect(watch.isAlive(5, false, 0)).toBe(true);
    expect(watch.isAlive(5, false, 60_000)).toBe(true);
    expect(watch.isAlive(5, true, 60_000)).toBe(true);
    watch.progressed();
    expect(watch.isAlive(5, true, 95_000)).toBe(true);
  });
});
