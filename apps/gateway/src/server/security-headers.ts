import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import type { FastifyInstance, FastifyReply } from 'fastify';

type Directives = Record<string, string[]>;

/** Replies of the API are data: a browser that is made to show one as a page loads nothing for it and frames it nowhere. */
const DATA: Directives = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };

/**
 * Swagger UI: its own files, the styles in its page, calls to this server. Without `upgrade-insecure-requests`, which
 * would blank the page wherever it is served over plain http.
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
  // TLS is ended in front of this server, under a name that may have other uses: whoever ends it decides about HSTS.
  strictTransportSecurity: false,
  // For browsers of the past, or without a meaning for replies like these.
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
};

/** For replies that are made before any hook has run. */
export const BARE_HEADERS = {
  'content-security-policy': Object.entries(DATA)
    .map(([name, values]) => `${name} ${values.join(' ')}`)
    .join(';'),
  'x-content-type-options': 'nosniff',
};

/** Must come before every other hook, since a hook that answers ends the chain. The watch page has its own policy. */
export function sendSecurityHeaders(server: FastifyInstance): void {
  void server.register(helmet, OPTIONS);
}

/** Swagger UI's policy in place of the one for data. */
export function allowSwaggerUi(path: string, reply: FastifyReply): void {
  if (path === '/docs' || path.startsWith('/docs/')) reply.helmet(policy(SWAGGER_UI));
}
