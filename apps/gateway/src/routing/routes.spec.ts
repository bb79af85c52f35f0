import { SCOPES } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { allowedMethods, requiredScopes, type Route, routeOf, ROUTES } from './routes.js';

const all: Route[] = Object.values(ROUTES);

describe('the table of routes', () => {
  it('has every route once', () => {
    const keys = all.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('guards everything under /v1 with a scope that exists', () => {
    for (const route of all.filter(({ path }) => path.startsWith('/v1'))) {
      const scopes = requiredScopes(route);
      expect([route.path, scopes.length > 0, scopes.every((scope) => SCOPES.includes(scope))]).toEqual([
        route.path,
        true,
        true,
      ]);
    }
  });

  it('names both scopes of a route that needs two', () => {
    expect(requiredScopes(ROUTES.rotateSession)).toEqual(['sessions:close', 'rooms:open']);
    expect(requiredScopes(ROUTES.livez)).toEqual([]);
  });

  it('finds the route that Fastify has matched, HEAD as GET', () => {
    expect(routeOf('PUT', '/v1/rooms/:room/session')).toBe(ROUTES.openRoom);
    expect(routeOf('GET', '/v1/sessions/:tokenId')).toBe(ROUTES.readSession);
    expect(routeOf('HEAD', '/v1/sessions/:tokenId')).toBe(ROUTES.readSession);
  });

  it.each([
    ['PATCH', '/v1/sessions'],
    ['get', '/v1/sessions/:tokenId'],
    ['PUT', '/v1/sessions/:tokenId'],
    ['GET', '/docs'],
    ['GET', undefined],
  ])('has no route for %s %s', (method, path) => {
    expect(routeOf(method, path)).toBeUndefined();
  });

  it.each([
    ['/v1/sessions/ses_1', ['GET', 'DELETE', 'HEAD']],
    ['/v1/sessions/ses_1/events', ['GET', 'HEAD']],
    ['/v1/rooms/derby/session', ['PUT', 'GET', 'HEAD']],
    ['/v1/rooms/a%2Fb/session', ['PUT', 'GET', 'HEAD']],
    ['/livez', ['GET', 'HEAD']],
    ['/', []],
    ['/v1', []],
    ['/v1/sessions/', []],
    ['/v1/rooms//session', []],
    ['/v1/rooms/a/b/session', []],
    ['/V1/sessions', []],
    ['/:room', []],
  ])('knows the methods of %s', (path, methods) => {
    expect(allowedMethods(path)).toEqual(methods);
  });
});
