import type { Dispatcher } from 'undici';
import type { CasKeyPair } from '../cas-credentials.js';
import { drain } from './drain.js';
import { readCapped } from './read-capped.js';

/** No token comes near this. */
const MAX_BODY_BYTES = 64 * 1024;

/** As much of a reply as anyone decides by. */
export interface Reply {
  status: number;
  location: string | undefined;
  retryAfter: string | undefined;
  /** Read only under status 200, and then not if it is `encoded` (by gzip or the like) or `too-big` (over 64 KiB). */
  body: { text: string } | 'unread' | 'encoded' | 'too-big';
}

/** One GET with the credentials. Follows nothing, decodes nothing, and throws undici's errors as they come. */
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
  // A destroyed body tells so by an event, after everybody has left.
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
