/** What is wrong with the percent-encoding of a URL, as the end of a sentence; null if nothing is. */
export function percentFault(url: string): string | null {
  if (/%(?![0-9A-Fa-f]{2})/.test(url)) {
    return 'must have two hex digits after each %: a % in a user or password is written %25';
  }
  try {
    decodeURIComponent(url);
    return null;
  } catch {
    return 'must be percent-encoded UTF-8';
  }
}
