import { describe, expect, it } from '@jest/globals';
import { seconds } from './seconds.js';

describe('a duration', () => {
  it.each([
    ['45s', 45],
    ['30m', 1800],
    ['12h', 43_200],
    ['90d', 7_776_000],
  ])('%s is %i s', (text, s) => {
    expect(seconds(text)).toBe(s);
  });

  it.each(['', '90', 'd', '-1d', '1.5h', '0s', '1w', '9999d', '1d ', '1e3s'])('is not %j', (text) => {
    expect(() => seconds(text)).toThrow('a duration such as');
  });
});
