import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export type Credentials = 'right' | 'wrong' | 'missing';

/** What the journal may say of the credentials of a call. */
export function checkCredentials(
  headers: IncomingHttpHeaders,
  expected: { apiKey: string; apiSecret: string },
): Credentials {
  const key = headers['auth-api-key'];
  const secret = headers['auth-api-secret'];
  if (typeof key !== 'string' || typeof secret !== 'string') return 'missing';
  // Both are compared, so that the time taken does not tell which of them is wrong.
  const right = [same(key, expected.apiKey), same(secret, expected.apiSecret)];
  return right.every(Boolean) ? 'right' : 'wrong';
}

function same(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
