import type { FastifyRequest } from 'fastify';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a page of another site makes this request, and it may change something. CORS hides replies from such pages,
 * but browsers send simple requests all the same. Apps and servers send neither header and go on.
 *
 * @param origins whose pages may call this path
 */
export function isForeignPage({ method, headers }: FastifyRequest, origins: readonly string[]): boolean {
  if (SAFE_METHODS.has(method)) return false;
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && origins.includes(origin)) return false;
  if (site === 'cross-site' || site === 'same-site' || origin === 'null') return true;
  if (origin === undefined || site === 'same-origin') return false;
  // Browsers that do not send Sec-Fetch-Site: a page of this server has its host.
  return !URL.canParse(origin) || new URL(origin).host !== host;
}
