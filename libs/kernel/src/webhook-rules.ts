/** Of a URL, in UTF-16 units. */
export const MAX_WEBHOOK_URL = 2048;
/** Of a description, in UTF-16 units. */
export const MAX_WEBHOOK_DESCRIPTION = 200;
/** Of a prefix of room names, in code points after NFC. */
export const MAX_ROOM_PREFIX = 128;

const TOO_LONG_URL = `must have at most ${String(MAX_WEBHOOK_URL)} characters`;
const TOO_LONG_PREFIX = `must have at most ${String(MAX_ROOM_PREFIX)} code points`;
const ROOM_CHARACTERS = /^[\p{L}\p{M}\p{Nd} ._~:@-]+$/u;

/**
 * What is wrong with the form of the URL of an endpoint, as the end of a sentence; null if nothing is. Credentials are
 * refused, since no request could carry them. Which hosts may be called is up to the address policy.
 */
export function webhookUrlFault(text: string): string | null {
  if (text.length > MAX_WEBHOOK_URL) return TOO_LONG_URL;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be an https URL';
  if (url.username !== '' || url.password !== '') return 'must not contain a user or password';
  // Of the normal form, which shows an empty one as well.
  if (url.href.includes('#')) return 'must not contain a fragment';
  return url.href.length > MAX_WEBHOOK_URL ? TOO_LONG_URL : null;
}

/** What is wrong with a prefix of room names; null if nothing is. */
export function roomPrefixFault(text: string): string | null {
  if (text.length > 8 * MAX_ROOM_PREFIX) return TOO_LONG_PREFIX;
  const prefix = text.normalize('NFC');
  if (!ROOM_CHARACTERS.test(prefix))
    return 'must consist of letters, marks and digits of any script, space and . _ ~ : @ -';
  return Array.from(prefix).length > MAX_ROOM_PREFIX ? TOO_LONG_PREFIX : null;
}

/** What is wrong with the description of an endpoint; null if nothing is. */
export function webhookDescriptionFault(text: string): string | null {
  if (text.length > MAX_WEBHOOK_DESCRIPTION) return `must have at most ${String(MAX_WEBHOOK_DESCRIPTION)} characters`;
  return text.isWellFormed() && !text.includes('\0') ? null : 'must not contain U+0000 or lone surrogates';
}
