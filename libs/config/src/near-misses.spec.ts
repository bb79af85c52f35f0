import { describe, expect, it } from '@jest/globals';
import { gatewayNamespaces, sandboxNamespaces, workerNamespaces } from './apps.js';
import { describeNearMiss, nearMisses } from './near-misses.js';
import type { Namespace } from './namespaces/namespace.js';

const suggestionsFor = (...names: string[]) =>
  nearMisses(Object.fromEntries(names.map((name) => [name, 'hush']))).map(({ suggestion }) => suggestion);

describe('near misses of variable names', () => {
  it.each([
    ['a missing letter', 'MINT_CONCURENCY', 'MINT_CONCURRENCY'],
    ['two errors in a long word', 'MINT_CONCURENCI', 'MINT_CONCURRENCY'],
    ['swapped letters', 'DATABASE_POLO', 'DATABASE_POOL'],
    ['an additional letter', 'SWAGGGER', 'SWAGGER'],
    ['a plural', 'MAX_CONNECTION', 'MAX_CONNECTIONS'],
    ['a missing underscore', 'CAS_APIKEY', 'CAS_API_KEY'],
    ['lower case', 'database_url', 'DATABASE_URL'],
    ['a missing unit', 'CAS_TIMEOUT', 'CAS_TIMEOUT_MS'],
    ['another unit', 'CAS_TIMEOUT_S', 'CAS_TIMEOUT_MS'],
    ['the name of a secret file', 'DATABSE_URL_FILE', 'DATABASE_URL_FILE'],
  ])('are found: %s', (_what, name, suggestion) => {
    expect(suggestionsFor(name)).toEqual([suggestion]);
  });

  it('are never known variables, not even those of another process', () => {
    const variables = [gatewayNamespaces, workerNamespaces, sandboxNamespaces].flatMap((app) =>
      Object.values<Namespace>(app).flatMap((namespace) => Object.keys(namespace.variables)),
    );
    expect(suggestionsFor(...variables, 'CAS_API_KEY_FILE')).toEqual([]);
  });

  it('are not variables of other programs', () => {
    const foreign = [
      ...[
        'PATH',
        'HOME',
        'HOSTNAME',
        'POST',
        'PORTS',
        'MODE',
        'TERM',
        'TEMP',
        'USER',
        'SHELL',
        'LANG',
        'PWD',
        'OLDPWD',
      ],
      ...['HTTP_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'NODE_OPTIONS', 'NODE_PATH', 'NODE_END'],
      ...['OPENAPI', 'OPENAPI_URL', 'API_KEY', 'API_URL', 'AWS_API_KEY', 'CMS_API_KEY', 'MAPS_API_KEY', 'DATABASE'],
      ...['DATABASE_HOST', 'DATABASE_PORT', 'DATABASE_USER', 'REDIS_HOST', 'REDIS_PORT', 'REDIS_TLS_URL', 'PGHOST'],
      ...[
        'KUBERNETES_SERVICE_PORT',
        'GATEWAY_PORT',
        'WORKER_SERVICE_HOST',
        'APP_PORT',
        'DATA_DIR',
        'CI',
        'TZ',
        '',
        '_',
      ],
      ...['npm_config_cache', 'npm_lifecycle_event', 'XDG_SESSION_ID', 'XDG_SESSION_TYPE', 'SESSION_MANAGER'],
    ];
    expect(nearMisses(Object.fromEntries(foreign.map((name) => [name, 'x'])))).toEqual([]);
  });

  it('are reported by name, never by value', () => {
    const [miss, ...others] = nearMisses({ CAS_API_SECRTE: 'hush' });
    expect([miss, others]).toEqual([{ name: 'CAS_API_SECRTE', suggestion: 'CAS_API_SECRET' }, []]);
    expect(miss === undefined ? '' : describeNearMiss(miss)).toBe(
      'unknown environment variable CAS_API_SECRTE is ignored; did you mean CAS_API_SECRET?',
    );
  });
});
