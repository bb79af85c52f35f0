import { describe, expect, it } from '@jest/globals';
import { claimAt, scopesOf, type ScopeSettings } from './jwt-scopes.js';

const granted = (claims: object, settings: Partial<ScopeSettings> = {}) => [
  ...scopesOf(claims, {
    ...{ scopeClaim: 'scope', scopePrefix: '', scopeMap: new Map(), allowAdmin: false, defaultScopes: [] },
    ...settings,
  }),
];

describe('the scope claim', () => {
  it('is text with spaces or a list', () => {
    expect(granted({ scope: 'openid rooms:open' })).toEqual(['rooms:open']);
    expect(granted({ scope: ['openid', 7, 'rooms:open'] })).toEqual(['rooms:open']);
    expect(granted({ scope: { a: 1 } }, { defaultScopes: ['tokens:read'] })).toEqual(['tokens:read']);
  });

  it.each<[string, object]>([
    ['roles', { roles: 1 }],
    ['realm_access.roles', { realm_access: { roles: 1 } }],
    ['https://example.com/roles', { 'https://example.com/roles': 1 }],
    ['https://example.com/app.roles', { 'https://example.com/app': { roles: 1 } }],
    ['resource_access.watch.example.roles', { resource_access: { 'watch.example': { roles: 1 } } }],
    ['a.b', { 'a.b': 1, a: { b: 2 } }],
    ['a.b.c', { 'a.b': { d: 2 }, a: { 'b.c': 1 } }],
  ])('is found by the path %s', (path, claims) => {
    expect(claimAt(claims, path)).toBe(1);
  });

  it.each(['a.b', '.', 'a.', '.a', '..', 'toString', '__proto__.toString', 'a.length', ''])(
    'is not there: %j',
    (path) => {
      expect(claimAt({ a: 'text' }, path)).toBeUndefined();
    },
  );
});

it('a prefix is removed, and names without it grant nothing', () => {
  const scope = 'watch/rooms:open other/tokens:read tokens:read watch/';
  expect(granted({ scope }, { scopePrefix: 'watch/' })).toEqual(['rooms:open']);
});

describe('a map', () => {
  const scopeMap = new Map([
    ['Watch Hosts', ['rooms:open', 'tokens:read'] as const],
    ['ops', ['admin'] as const],
  ]);

  it('grants scopes by mapped names, in addition to the names of this API', () => {
    const scope = ['Watch Hosts', 'sessions:read', 'else'];
    expect(granted({ scope }, { scopeMap })).toEqual(['rooms:open', 'tokens:read', 'sessions:read']);
  });

  it('does not go around OIDC_ALLOW_ADMIN, and takes names without their prefix', () => {
    expect(granted({ scope: ['ops'] }, { scopeMap })).toEqual([]);
    expect(granted({ scope: ['r/ops'] }, { scopeMap, scopePrefix: 'r/', allowAdmin: true })).toEqual(['admin']);
  });
});
