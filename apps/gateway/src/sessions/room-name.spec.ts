import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { roomName, storedName } from './room-name.js';

const accepted = (name: string) => roomName.safeParse(name).success;

describe('the name of a room', () => {
  it.each([
    'derby',
    'Derby 2026',
    'a',
    'x'.repeat(128),
    '𝒳'.repeat(128),
    'el-clásico',
    'مباراة',
    '試合',
    'เกม',
    'मैच १',
    'a._~:@-z',
    '...',
    '.a',
    '-',
  ])('may be %j', (name) => {
    expect(accepted(name)).toBe(true);
  });

  it.each([
    '',
    ' ',
    ' derby',
    'derby ',
    '.',
    '..',
    'x'.repeat(129),
    '𝒳'.repeat(129),
    'a/b',
    'a\\b',
    'a%b',
    'a?b',
    'a#b',
    'a+b',
    'a,b',
    "a'b",
    'a\tb',
    'a\nb',
    'a\0b',
    'a\u00a0b',
    'a\u200bb',
    'a\u202eb',
    'a\ufeffb',
    'a\ud800b',
    '⚽',
    'Ⅻ',
    '½',
  ])('may not be %j', (name) => {
    expect(accepted(name)).toBe(false);
  });

  it('tells cases apart', () => {
    expect(roomName.parse('Derby')).not.toBe(roomName.parse('derby'));
  });

  it('is counted after NFC: 256 code points that compose to 128 are enough for one name', () => {
    expect(accepted('e\u0301'.repeat(128))).toBe(true);
    expect(accepted('e\u0301'.repeat(129))).toBe(false);
  });

  it('is one room however its letters were composed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 140 }), (name) => {
        const composed = roomName.safeParse(name.normalize('NFC'));
        const decomposed = roomName.safeParse(name.normalize('NFD'));
        expect(decomposed.success).toBe(composed.success);
        expect(decomposed.data).toBe(composed.data);
      }),
    );
    expect(roomName.parse('cafe\u0301')).toBe('caf\u00e9');
  });

  it('names one error, in words of its own', () => {
    const { error } = roomName.safeParse('a/b');
    expect(error?.issues.map((issue) => issue.message)).toEqual([
      'must consist of letters, marks and digits of any script, space and . _ ~ : @ -',
    ]);
  });
});

describe('the names of the drop-in rooms', () => {
  it('are no names of /v1, but may be looked for', () => {
    expect([accepted('open:x'), accepted('Open:x'), accepted('x open:')]).toEqual([false, true, true]);
    const stored = (name: string) => storedName.safeParse(name).success;
    expect([stored(`open:${'x'.repeat(128)}`), stored(`open:${'x'.repeat(129)}`), stored('x'.repeat(129))]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
