const ALLOWED = /^[\p{L}\p{M}\p{Nd} ._~:@-]+$/u;

/** The server's rules, checked before the request. Undefined if the name is valid. */
export function roomFault(text) {
  const name = text.normalize('NFC');
  if (name === '') return 'A room needs a name.';
  if (!ALLOWED.test(name)) return 'Only letters and digits of any script, space and . _ ~ : @ -';
  if (Array.from(name).length > 128) return 'At most 128 characters.';
  if (name !== name.trim()) return 'No space at the beginning or the end.';
  if (name === '.' || name === '..') return 'Not . or ..';
  return undefined;
}
