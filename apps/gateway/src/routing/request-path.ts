import type { FastifyRequest } from 'fastify';

/** Whether a path belongs to the drop-in adapter. */
export function isRoomApiPath(path: string): boolean {
  return path === '/room' || path.startsWith('/room/');
}

/** `http://host` before the path, which a client may write: routers take it off, so it must not hide a path here. */
const ORIGIN = /^https?:\/\/[^/?#]*(?=\/)/i;
/** Characters that mean the same with and without percent-encoding (RFC 3986, 2.3). */
const NEEDLESSLY_ENCODED = /%(?:2[DE]|3\d|4[1-9A-F]|5[\dAF]|6[1-9A-F]|7[\dAE])/gi;

/** The path of a request's URL without its query, in one spelling: `/%72oom` is `/room`, as it is for the router. */
export function requestPath(url: string): string {
  const target = url.replace(ORIGIN, '');
  const end = target.search(/[?#]/);
  return (end === -1 ? target : target.slice(0, end)).replace(NEEDLESSLY_ENCODED, decodeURIComponent);
}

/** Where a request has got to: its route if there is one, however the URL was spelled, else its path. */
export function routeOrPath({ routeOptions, url }: Pick<FastifyRequest, 'routeOptions' | 'url'>): string {
  return routeOptions.url ?? requestPath(url);
}
