import type { FastifyReply, FastifyRequest } from 'fastify';
import { methodsOf, pathOf } from '../access/routes.js';

/** How long a browser may remember what a preflight said, in s. */
const MAX_AGE_S = 600;

/**
 * CORS for pages of these origins, and no others. There are no cookies and no credentials here, so none are allowed.
 * The function says whether the request was a preflight and has been answered.
 */
export function allowOrigins(origins: readonly string[]) {
  return (request: FastifyRequest, reply: FastifyReply): boolean => {
    const { origin, 'access-control-request-method': wanted } = request.headers;
    if (origins.length > 0) void reply.header('Vary', 'Origin');
    if (origin === undefined || !origins.includes(origin)) return false;
    void reply.header('Access-Control-Allow-Origin', origin);
    void reply.header('Access-Control-Expose-Headers', 'Request-Id, Retry-After');
    const methods = methodsOf(pathOf(request.url));
    if (request.method !== 'OPTIONS' || wanted === undefined || methods.length === 0) return false;
    void reply
      .status(204)
      .header('Access-Control-Allow-Methods', methods.join(', '))
      .header('Access-Control-Allow-Headers', 'Content-Type')
      .header('Access-Control-Max-Age', String(MAX_AGE_S))
      .send();
    return true;
  };
}
