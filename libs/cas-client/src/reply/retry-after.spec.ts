import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retryAfterMs } from './retry-after.js';

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0);

describe('retryAfterMs', () => {
  it.each([
    ['0', 1000],
    ['1', 1000],
    ['17', 17_000],
    [' 17 ', 17_000],
    ['60', 60_000],
    ['61', 60_000],
    ['1000000000', 60_000],
    ['9'.repeat(400), 60_000],
    ['Tue, 24 Nov 2026 12:00:30 GMT', 30_000],
    ['Tuesday, 24-Nov-26 12:00:30 GMT', 30_000],
    ['Tue Nov 24 12:00:30 2026', 30_000],
    ['Tue, 24 Nov 2026 13:00:00 GMT', 60_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 1000],
  ])('parses %j', (header, ms) => {
    expect(retryAfterMs(header, NOW)).toBe(ms);
  });

  it.each([
    undefined,
    '',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    '5 s',
    'soon',
    '2026-11-24',
    'Tue, 99 Foo 2026 12:00:30 GMT',
    'NaN',
  ])('ignores %j', (header) => {
    expect(retryAfterMs(header, NOW)).toBeUndefined();
  });

  it('is between 1 s and 60 s, whatever the header', () => {
    const header = fc.oneof(
      fc.string(),
      fc.bigInt({ min: 0n }).map(String),
      fc.date().map((date) => String(date)),
    );
    fc.assert(
      fc.property(header, (text) => {
        const ms = retryAfterMs(text, NOW);
        expect(ms === undefined || (ms >= 1000 && ms <= 60_000)).toBe(true);
      }),
    );
  });

  it('gives the same delay for seconds and for a date', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100, max: 200 }), (seconds) => {
        const date = new Date(NOW + seconds * 1000).toUTCString();
        expect(retryAfterMs(date, NOW)).toBe(retryAfterMs(String(Math.max(seconds, 0)), NOW));
      }),
    );
  });
});
