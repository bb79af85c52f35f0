import type { FastifyReply } from 'fastify';

/** API replies are data: a browser tricked into rendering one as a page loads nothing and cannot be framed. */
const DATA = "default-src 'none';frame-ancestors 'none'";

/**
 * Swagger UI: its own files, inline styles, calls to this server. Without `upgrade-insecure-requests`, which
 * would blank the page when served over plain HTTP.
 */
const SWAGGER_UI = [
  DATA,
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join(';');

/** For replies sent before any hook has run. */
export const BARE_HEADERS = {
  'content-security-policy': DATA,
  'x-content-type-options': 'nosniff',
};

/** Without HSTS: TLS is terminated upstream, under a name that may serve other purposes. */
const HEADERS = {
  ...BARE_HEADERS,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};

/** Must run before anything replies. Swagger UI has its own policy; the watch page and the console replace it by theirs. */
export function setSecurityHeaders(path: string, reply: FastifyReply): void {
  void reply.headers(HEADERS);
  if (path === '/docs' || path.startsWith('/docs/')) void reply.header('content-security-policy', SWAGGER_UI);
}
