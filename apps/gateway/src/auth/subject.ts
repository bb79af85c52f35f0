const MAX_LENGTH = 255;

/** Whether a text may name a person. Subjects are stored, and shown in terminals: no lone surrogates, no control characters. */
export function isUsableSubject(subject: string): boolean {
  return (
    subject.length > 0 &&
    subject.length <= MAX_LENGTH &&
    subject.isWellFormed() &&
    !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(subject)
  );
}
