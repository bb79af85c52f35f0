import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import type { FastifyInstance, FastifyReply } from 'fastify';

type Directives = Record<string, string[]>;

/** API replies are data: a browser tricked into rendering one as a page loads nothing and cannot be framed. */
const DATA: Directives = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };

/**
 * Swagger UI: its own files, inline styles, calls to this server. Without `upgrade-insecure-requests`, which
 * would blank the page when served over plain HTTP.
 */
const SWAGGER_UI: Directives = {
  ...DATA,
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
};

const policy = (directives: Directives) => ({ contentSecurityPolicy: { useDefaults: false, directives } });

const OPTIONS: FastifyHelmetOptions = {
  ...policy(DATA),
  xFrameOptions: { action: 'deny' },
  // TLS is terminated upstream, under a name that may serve other purposes: HSTS is decided there.
  strictTransportSecurity: false,
  // Legacy headers, or without effect on replies like these.
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
};

/** For replies sent before any hook has run. */
export const BARE_HEADERS = {
  'content-security-policy': Object.entries(DATA)
    .map(([name, values]) => `${name} ${values.join(' ')}`)
    .join(';'),
  'x-content-type-options': 'nosniff',
};

/** Must run before every other hook, since a hook that replies ends the chain. The watch page has its own policy. */
export function sendSecurityHeaders(server: FastifyInstance): void {
  void server.register(helmet, OPTIONS);
}

/** Swagger UI's policy in place of the one for data. */
export function allowSwaggerUi(path: string, reply: FastifyReply): void {
  if (path === '/docs' || path.startsWith('/docs/')) reply.helmet(policy(SWAGGER_UI));
}
