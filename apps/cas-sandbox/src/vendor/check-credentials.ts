import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Result of checking a call's credentials. */
export type Credentials = 'valid' | 'invalid' | 'missing';

/** Checks `Auth-API-Key` and `Auth-API-Secret`. */
export function checkCredentials(
  headers: IncomingHttpHeaders,
  expected: { apiKey: string; apiSecret: string },
): Credentials {
  const key = headers['auth-api-key'];
  const secret = headers['auth-api-secret'];
  if (typeof key !== 'string' || typeof secret !== 'string') return 'missing';
  // Both are always compared, so that timing does not reveal which one is invalid.
  const matches = [equal(key, expected.apiKey), equal(secret, expected.apiSecret)];
  return matches.every(Boolean) ? 'valid' : 'invalid';
}

function equal(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
