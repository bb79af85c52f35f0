import { StartupError } from '@app/kernel';
import type { FastifyInstance } from 'fastify';
import { isPublicRoute } from '../routing/public-paths.js';
import { routeOf } from '../routing/routes.js';

/**
 * Stops the start if a route is registered that is neither in the table of routes nor public: it would have no scope,
 * without anyone having decided so. Must be called before routes are registered.
 */
export function refuseUnknownRoutes(server: FastifyInstance): void {
  const unknown: string[] = [];
  server.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) {
      if (routeOf(one, url) === undefined && !isPublicRoute(one, url)) unknown.push(`${one} ${url}`);
    }
  });
  server.addHook('onReady', (done) => {
    const text = `Routes without an entry in ROUTES: ${unknown.join(', ')}`;
    done(unknown.length === 0 ? undefined : new StartupError(text));
  });
}
