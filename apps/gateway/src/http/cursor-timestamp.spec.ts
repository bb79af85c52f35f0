import { describe, expect, it } from '@jest/globals';
import { isCursorTimestamp } from './cursor-timestamp.js';

describe('the time at which a page ends', () => {
  it.each(['2026-11-25T20:59:00.123456Z', '0001-01-01T00:00:00.000000Z', '2028-02-29T23:59:59.999999Z'])(
    'may be %s',
    (text) => {
      expect(isCursorTimestamp(text)).toBe(true);
    },
  );

  it.each([
    '',
    '2026-11-25T20:59:00.123Z',
    '2026-11-25 20:59:00.123456Z',
    '2026-11-25T20:59:00.123456+01:00',
    '2026-02-30T00:00:00.000000Z',
    '2027-02-29T00:00:00.000000Z',
    '2026-99-99T00:00:00.000000Z',
    '2026-01-01T24:00:00.000000Z',
    '2026-01-01T23:59:60.000000Z',
    '0000-01-01T00:00:00.000000Z',
  ])('is not %j', (text) => {
    expect(isCursorTimestamp(text)).toBe(false);
  });
});
