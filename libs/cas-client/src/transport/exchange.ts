import type { Dispatcher } from 'undici';
import type { CasKeyPair } from '../cas-credentials.js';
import { drain } from './drain.js';
import { readCapped } from './read-capped.js';

/** Far larger than any token. */
const MAX_BODY_BYTES = 64 * 1024;

/** The parts of a response that are evaluated. */
export interface Reply {
  status: number;
  location: string | undefined;
  retryAfter: string | undefined;
  /** Read only for status 200, unless it has a content encoding (`encoded`) or exceeds 64 KiB (`too-big`). */
  body: { text: string } | 'unread' | 'encoded' | 'too-big';
}

/** One GET with the credentials. Does not follow redirects or decode the body, and throws undici's errors unchanged. */
export async function exchange(
  dispatcher: Dispatcher,
  url: URL,
  { apiKey, apiSecret }: CasKeyPair,
  signal: AbortSignal,
): Promise<Reply> {
  const { statusCode, headers, body } = await dispatcher.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: 'GET',
    headers: {
      'Auth-API-Key': apiKey,
      'Auth-API-Secret': apiSecret,
      Accept: 'application/json',
      'User-Agent': 'watchtogether-auth-server',
    },
    signal,
  });
  // A destroyed body emits an error when there may be no other listener left.
  body.on('error', () => undefined);
  const reply = {
    status: statusCode,
    location: single(headers.location),
    retryAfter: single(headers['retry-after']),
  };
  if (statusCode !== 200) {
    drain(body, MAX_BODY_BYTES);
    return { ...reply, body: 'unread' };
  }
  if (!isPlain(headers['content-encoding'])) {
    body.destroy();
    return { ...reply, body: 'encoded' };
  }
  const text = await readCapped(body, MAX_BODY_BYTES);
  return { ...reply, body: text === undefined ? 'too-big' : { text } };
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function isPlain(encoding: string | string[] | undefined): boolean {
  return encoding === undefined || ['', 'identity'].includes(String(encoding).trim().toLowerCase());
}
