import type { FastifyRequest } from 'fastify';

/** Whether a path belongs to the drop-in adapter. */
export function isRoomApiPath(path: string): boolean {
  return path === '/room' || path.startsWith('/room/');
}

/** An absolute request target (`http://host/…`): routers strip the origin, so it must not hide a path here. */
const ORIGIN = /^https?:\/\/[^/?#]*(?=\/)/i;
/** Unreserved characters, which mean the same with and without percent-encoding (RFC 3986, 2.3). */
const NEEDLESSLY_ENCODED = /%(?:2[DE]|3\d|4[1-9A-F]|5[\dAF]|6[1-9A-F]|7[\dAE])/gi;

/** The path of a request's URL without its query, in one spelling: `/%72oom` becomes `/room`, as for the router. */
export function requestPath(url: string): string {
  const target = url.replace(ORIGIN, '');
  const end = target.search(/[?#]/);
  return (end === -1 ? target : target.slice(0, end)).replace(NEEDLESSLY_ENCODED, decodeURIComponent);
}

const CHAT_SUBJECT = /(\/chat-tokens\/).+$/is;

/** A path as problem documents repeat it: without the user in the path of a chat token, since clients log and show them. */
export function quotablePath(path: string): string {
  return path.replace(CHAT_SUBJECT, '$1…');
}

/** The matched route, however the URL was spelled; the path if no route matched. */
export function routeOrPath({ routeOptions, url }: Pick<FastifyRequest, 'routeOptions' | 'url'>): string {
  return routeOptions.url ?? requestPath(url);
}
