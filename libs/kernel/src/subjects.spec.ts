import { describe, expect, it } from '@jest/globals';
import { isUsableSubject, MAX_SUBJECT_LENGTH } from './subjects.js';

describe('a subject', () => {
  it.each(['a', 'u-4711', 'auth0|5f7', 'a/b?c#d%20', ' a ', '..', 'zo\u00eb', 'zoe\u0308', '\u{1f388}', "o'neil; --"])(
    'may be %j',
    (subject) => {
      expect(isUsableSubject(subject)).toBe(true);
    },
  );

  it.each([
    '',
    'a\u0000',
    'a\nb',
    '\u001b[31m',
    '\u007f',
    '\u0085',
    '\u202e',
    '\u200b',
    '\u2028',
    '\ufeff',
    '\ud800',
    'a\udc00',
  ])('cannot be %j', (subject) => {
    expect(isUsableSubject(subject)).toBe(false);
  });

  it('has a length', () => {
    expect(isUsableSubject('x'.repeat(MAX_SUBJECT_LENGTH))).toBe(true);
    expect(isUsableSubject('x'.repeat(MAX_SUBJECT_LENGTH + 1))).toBe(false);
  });
});
