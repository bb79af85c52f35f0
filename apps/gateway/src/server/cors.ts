import type { GatewaySettings } from '@app/config';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isRoomApiPath, requestPath } from '../routing/request-path.js';
import { allowedMethods } from '../routing/routes.js';

/** Sets CORS headers. Returns true if the request was a preflight and has been answered. */
export type CrossOrigin = (request: FastifyRequest, reply: FastifyReply) => boolean;

interface Rule {
  origins: readonly string[];
  /** Request headers that pages may send. */
  allowed: string;
  /** Response headers that pages may read. */
  exposed: string;
}

/** As much of unparsable input as is searched for its origin: Node's limit of all headers. */
const MAX_PACKET_BYTES = 16 * 1024;
/** How long browsers may cache a preflight, in s. */
const MAX_AGE_S = 600;

const API = {
  allowed: 'Authorization, Content-Type, Prefer, Idempotency-Key, Last-Event-ID, Traceparent',
  exposed:
    'Request-Id, Location, Retry-After, Preference-Applied, Idempotency-Replayed, Link, WWW-Authenticate, Allow, ' +
    'RateLimit, RateLimit-Policy',
};
const ROOMS = { allowed: 'Content-Type', exposed: 'Request-Id, Retry-After' };

/** CORS for the API and for the drop-in rooms, each with its own origins. All other paths are same-origin only. */
export function crossOrigin({ http, roomApi }: Pick<GatewaySettings, 'http' | 'roomApi'>): CrossOrigin {
  const api = allowOrigins({ ...API, origins: http.corsOrigins });
  const rooms = allowOrigins({ ...ROOMS, origins: roomApi.on ? roomApi.origins : [] });
  return (request, reply) => {
    const path = requestPath(request.url);
    if (isRoomApiPath(path)) return rooms(request, reply, () => allowedMethods(path));
    if (path.startsWith('/v1/')) return api(request, reply, () => allowedMethods(path));
    return path === '/openapi.json' && http.swagger ? api(request, reply, () => ['GET', 'HEAD']) : false;
  };
}

/**
 * Allows the listed origins only, never `*`. No cookies are read, so `Access-Control-Allow-Credentials` is never
 * sent. Preflights carry no credential and need none.
 */
function allowOrigins({ origins, allowed, exposed }: Rule) {
  return (request: FastifyRequest, reply: FastifyReply, methodsOf: () => string[]): boolean => {
    const { origin, 'access-control-request-method': wanted } = request.headers;
    if (origins.length > 0) void reply.header('Vary', 'Origin');
    if (origin === undefined || !origins.includes(origin)) return false;
    void reply.header('Access-Control-Allow-Origin', origin);
    void reply.header('Access-Control-Expose-Headers', exposed);
    if (request.method !== 'OPTIONS' || wanted === undefined) return false;
    const methods = methodsOf();
    if (methods.length === 0) return false;
    void reply
      .status(204)
      .header('Access-Control-Allow-Methods', methods.join(', '))
      .header('Access-Control-Allow-Headers', allowed)
      .header('Access-Control-Max-Age', String(MAX_AGE_S))
      .send();
    return true;
  };
}

/** CORS headers for input that is not HTTP, so that a page can read why it was refused. Parsed from what has arrived. */
export function corsUnparsed(
  { http, roomApi }: Pick<GatewaySettings, 'http' | 'roomApi'>,
  packet: Buffer = Buffer.alloc(0),
): Record<string, string> {
  const text = packet.toString('latin1', 0, MAX_PACKET_BYTES);
  const [, path = ''] = text.split(' ', 2);
  const origin = /\r\norigin:[ \t]*([^\r\n]+)/i.exec(text)?.[1]?.trim();
  const { origins, exposed } = isRoomApiPath(requestPath(path))
    ? { ...ROOMS, origins: roomApi.on ? roomApi.origins : [] }
    : { ...API, origins: http.corsOrigins };
  if (origin === undefined || !origins.includes(origin)) return {};
  return { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed };
}
