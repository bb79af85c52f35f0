/** Of a name, in code points after NFC. */
export const MAX_SEAT_NAME = 64;

/** Characters without a glyph, and the empty Braille pattern: names that differ only in these look the same. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** Control characters, line breaks, annotations, and characters that turn the direction of the text after them. */
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]/u;
/** Of a name before normalization, in UTF-16 units: bounds the work. */
const MAX_RAW_LENGTH = 8 * MAX_SEAT_NAME;
const TOO_LONG = `must have at most ${String(MAX_SEAT_NAME)} code points`;
/** ` 2` in `Anna 2`. */
const NUMBER = / \d{1,6}$/;
/** Offered first; beyond them, numbers drawn at random. */
const LOW_NUMBERS = Array.from({ length: 30 }, (_, n) => n + 2);
const RANDOM_NUMBERS = 30;

/** A name as it is kept and shown: NFC, without spaces at the ends. */
export function normalSeatName(name: string): string {
  return name.normalize('NFC').trim();
}

/**
 * What is wrong with the name of a person, in a seat or on a ticket; null if nothing is. Joiners are permitted: Persian names
 * and families of emoji are written with them.
 */
export function seatNameFault(name: string): string | null {
  if (name.length > MAX_RAW_LENGTH) return TOO_LONG;
  if (!name.isWellFormed()) return 'must not contain lone surrogates';
  const normal = normalSeatName(name);
  if (FORBIDDEN.test(normal)) return 'must not contain control characters';
  if (normal.replace(INVISIBLE, '').trim() === '') return 'must contain a visible character';
  return Array.from(normal).length > MAX_SEAT_NAME ? TOO_LONG : null;
}

/**
 * A normal name as it is compared with others, so that `ANNA`, `anna` and `Anna` are one: case is folded by way of upper
 * case (`ß`, `ẞ` and `ss` are one as well), runs of spaces count as one, and invisible characters do not count.
 */
export function foldSeatName(name: string): string {
  return normalSeatName(name.replace(INVISIBLE, '').replace(/\s+/gu, ' '))
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFC');
}

/** Names to suggest instead of a taken one: with low numbers in the first round, with random ones in later rounds. */
export function alternativeSeatNames(name: string, round: number): string[] {
  const numbers = round === 0 ? LOW_NUMBERS : Array.from({ length: RANDOM_NUMBERS }, randomNumber);
  return numbers.map((n) => numbered(name.replace(NUMBER, ''), n));
}

function numbered(base: string, n: number): string {
  const suffix = ` ${String(n)}`;
  return `${Array.from(base)
    .slice(0, MAX_SEAT_NAME - suffix.length)
    .join('')
    .trim()}${suffix}`;
}

function randomNumber(): number {
  return 100 + Math.floor(Math.random() * 999_900);
}
