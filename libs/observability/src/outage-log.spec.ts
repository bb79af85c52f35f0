import { beforeEach, describe, expect, it } from '@jest/globals';
import { OutageLog } from './outage-log.js';

describe('an outage log', () => {
  let now: number;
  let lines: unknown[][];
  let log: OutageLog;
  beforeEach(() => {
    now = 0;
    lines = [];
    log = new OutageLog({ warn: (...line: unknown[]) => void lines.push(line) }, () => now);
  });

  it('has one line for each change of what is wrong, and one when it works again', () => {
    log.worked('again');
    for (let i = 0; i < 3; i++) log.failed('status 500', 'away', { at: 'x:1' });
    log.failed('timeout', 'away');
    for (let i = 0; i < 3; i++) log.worked('again', { at: 'x:1' });
    expect(lines).toEqual([
      [{ at: 'x:1', reason: 'status 500' }, 'away'],
      [{ reason: 'timeout' }, 'away'],
      [{ at: 'x:1' }, 'again'],
    ]);
  });

  it('is not flooded by what fails now and then', () => {
    for (let second = 0; second < 25; second++) {
      log.failed('a', 'away');
      log.failed('b', 'away');
      log.worked('again');
      now += 1000;
    }
    // At 0, 10 and 20 s: a, b, again.
    expect(lines).toHaveLength(9);
  });

  it('tells once of a failure that lasts, also soon after the last one', () => {
    log.failed('a', 'away');
    log.worked('again');
    for (; now <= 60_000; now += 1000) log.failed('a', 'away');
    expect(lines.map(([, message]) => message)).toEqual(['away', 'again', 'away']);
  });
});
