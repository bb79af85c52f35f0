import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { alternativeSeatNames, foldSeatName, MAX_SEAT_NAME, normalSeatName, seatNameFault } from './seat-names.js';

describe('names of seats', () => {
  it.each([
    ['Anna', 'ANNA'],
    ['  anna ', 'Anna'],
    ['Zoe\u0308', 'ZOË'],
    ['Straße', 'STRASSE'],
    ['Straße', 'STRAẞE'],
    ['ΟΔΥΣΣΕΥΣ', 'Οδυσσευς'],
    ['Anna  Maria', 'anna maria'],
    ['An\u200bna', 'Anna'],
    ['👩\u200d💻', '👩💻'],
    ['می\u200cخواهم', 'میخواهم'],
    ['Anna', 'Anna\u2800'],
    ['Anna', '\u3164Anna'],
  ])('are one: %j and %j', (one, other) => {
    expect(foldSeatName(one)).toBe(foldSeatName(other));
  });

  it.each([
    ['Anna', 'Anne'],
    ['Anna', 'Anna 2'],
    ['Zoe', 'Zoë'],
    ['Annamaria', 'Anna Maria'],
  ])('are two: %j and %j', (one, other) => {
    expect(foldSeatName(one)).not.toBe(foldSeatName(other));
  });

  it.each([
    'Anna',
    ' Zoe\u0308 ',
    'می\u200cخواهم',
    '👨\u200d👩\u200d👧',
    '❤\ufe0f',
    '🏴\u{e0067}\u{e007f}',
    'क्\u200d',
    '😀'.repeat(64),
  ])('may be %j', (name) => {
    expect(seatNameFault(name)).toBeNull();
  });

  it.each([
    ['', /visible/],
    [' \u200d\u200c ', /visible/],
    ['\u2800', /visible/],
    ['\u3164', /visible/],
    ['a\nb', /control/],
    ['a\0b', /control/],
    ['a\u202eb', /control/],
    ['a\ufff9b', /control/],
    ['a\ud800', /surrogates/],
    ['x'.repeat(65), /at most 64/],
    ['x'.repeat(5000), /at most 64/],
  ])('are not %j', (name, fault) => {
    expect(seatNameFault(name)).toMatch(fault);
  });

  it('compare alike however they are composed and cased', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (name) => {
        const folded = foldSeatName(name);
        for (const same of [name.normalize('NFD'), ` ${name}\t`, name.toUpperCase(), foldSeatName(name)]) {
          expect(foldSeatName(same)).toBe(folded);
        }
      }),
    );
  });

  it('have alternatives that are names of their own, within the length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 }), fc.nat(2), (given, round) => {
        const name = Array.from(normalSeatName(given)).slice(0, MAX_SEAT_NAME).join('').trim();
        fc.pre(name !== '');
        const alternatives = alternativeSeatNames(name, round);
        expect(alternatives.length).toBeGreaterThan(10);
        for (const other of alternatives) {
          expect(Array.from(other).length).toBeLessThanOrEqual(MAX_SEAT_NAME);
          expect([normalSeatName(other), other.isWellFormed()]).toEqual([other, true]);
        }
      }),
    );
    expect(alternativeSeatNames('Anna', 0).slice(0, 3)).toEqual(['Anna 2', 'Anna 3', 'Anna 4']);
    expect(alternativeSeatNames('Anna 2', 0)[0]).toBe('Anna 2');
  });
});
