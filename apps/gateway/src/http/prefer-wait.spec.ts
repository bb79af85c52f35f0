import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_WAIT_S, preferredWait } from './prefer-wait.js';

describe('Prefer: wait=N', () => {
  it.each([
    ['wait=10', 10],
    ['wait=0', 0],
    ['WAIT=5', 5],
    [' wait = 5 ', 5],
    ['wait="7"', 7],
    ['respond-async, wait=8', 8],
    ['wait=8; strict=1, respond-async', 8],
    ['return=minimal; foo="some", wait=9', 9],
    ['wait=3, wait=9', 3],
    ['wait=ten, wait=9', 9],
    ['wait=31', MAX_WAIT_S],
    ['wait=99999999999999999999999999', MAX_WAIT_S],
  ])('%j waits for %d s', (header, seconds) => {
    expect(preferredWait(header)).toBe(seconds);
  });

  it('is found in whichever of several headers has it', () => {
    expect(preferredWait(['respond-async', 'wait=4'])).toBe(4);
  });

  it.each([
    undefined,
    '',
    'wait',
    'wait=',
    'wait=-1',
    'wait=1.5',
    'wait=1e3',
    'wait=ten',
    'wait="5',
    'wait=5"',
    'await=5',
    'waiting=5',
    'x-wait=5',
    'note="first, wait=5"',
    'wait=5 s',
    'wait=٥',
    ',,,',
  ])('%j is ignored', (header) => {
    expect(preferredWait(header)).toBeNull();
  });

  it('never waits longer than the limit and never throws, whatever the header', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.integer(), fc.string()).map(([n, s]) => `wait=${n}${s}`),
        ),
        (text) => {
          const seconds = preferredWait(text);
          expect(seconds === null || (Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_WAIT_S)).toBe(true);
        },
      ),
    );
  });
});
