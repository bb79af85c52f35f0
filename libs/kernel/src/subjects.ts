/** Longest subject, in UTF-16 units. */
export const MAX_SUBJECT_LENGTH = 255;

/** Invisible, or breaking the line of a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * Whether a text can be the subject of a user. Subjects are opaque: neither normalized nor trimmed, since two that differ
 * are two users. They are stored, and shown in terminals: no lone surrogates and no control characters.
 */
export function isUsableSubject(subject: string): boolean {
  return (
    subject.length > 0 && subject.length <= MAX_SUBJECT_LENGTH && subject.isWellFormed() && !UNPRINTABLE.test(subject)
  );
}
