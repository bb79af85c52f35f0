import { describe, expect, it } from '@jest/globals';
import { printable } from './printable.js';

describe('text for a terminal', () => {
  it.each([
    ['\u001b[2J', '\\u{1b}[2J'],
    ['a\nb\rc', 'a\\u{a}b\\u{d}c'],
    ['\u202Eabc', '\\u{202e}abc'],
    ['\u009b31m', '\\u{9b}31m'],
    ['\u2028', '\\u{2028}'],
  ])('escapes %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('leaves letters of any script alone', () => {
    expect(printable('Zoë, 試合 · الديربي')).toBe('Zoë, 試合 · الديربي');
  });
});
