import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { workerNamespaces } from '../apps.js';
import { secretValues } from '../describe-settings.js';
import { readSettings } from '../read-settings.js';
import { casEndpoints } from './cas-endpoints.js';

const EU = { name: 'eu', url: 'https://eu.cas.example', key: 'key-of-eu', secret: 'secret-of-eu' };
const US = { url: 'https://us.cas.example:8443/v1', key: 'key-of-us', secret: 'secret-of-us' };

const environment = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://localhost/x',
  TOKEN_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
};
const faultsOf = (env: Record<string, string>) => {
  try {
    readSettings(workerNamespaces, { ...environment, ...env });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('CAS_ENDPOINTS', () => {
  it('is a list in order of preference, named by host and port unless it has names', () => {
    const { cas } = readSettings(workerNamespaces, { ...environment, CAS_ENDPOINTS: JSON.stringify([EU, US]) });
    expect(cas.endpoints).toEqual([
      { name: 'eu', url: EU.url, apiKey: EU.key, apiSecret: EU.secret },
      { name: 'us.cas.example:8443', url: US.url, apiKey: US.key, apiSecret: US.secret },
    ]);
  });

  it('is the long form of CAS_URL, CAS_API_KEY and CAS_API_SECRET: one of both is set', () => {
    const short = { CAS_URL: EU.url, CAS_API_KEY: EU.key, CAS_API_SECRET: EU.secret };
    const { cas } = readSettings(workerNamespaces, { ...environment, ...short });
    expect(cas.endpoints).toEqual([{ name: 'eu.cas.example', url: EU.url, apiKey: EU.key, apiSecret: EU.secret }]);
    expect(faultsOf({ CAS_URL: EU.url, CAS_ENDPOINTS: JSON.stringify([EU]) })).toContain(
      'CAS_ENDPOINTS and CAS_URL are both set',
    );
    expect(faultsOf({ CAS_URL: EU.url, CAS_API_KEY: 'k' })).toMatch(/CAS_API_SECRET is not set$/);
    expect(faultsOf({})).toMatch(/CAS_URL is not set\n.*CAS_API_KEY is not set\n.*CAS_API_SECRET is not set/);
    expect(faultsOf({ ...short, CAS_URL: 'ftp://x' })).not.toContain('CAS_URL is not set');
  });

  it('is https in production for every endpoint, unless its host is loopback', () => {
    const plain = { ...US, name: 'us', url: 'http://us.cas.example' };
    expect(faultsOf({ CAS_ENDPOINTS: JSON.stringify([EU, plain]) })).toContain('CAS_ENDPOINTS: us must be https');
    expect(faultsOf({ CAS_ENDPOINTS: JSON.stringify([EU, plain]), CAS_ALLOW_HTTP: 'on' })).toBe('');
    expect(faultsOf({ CAS_ENDPOINTS: JSON.stringify([{ ...plain, url: 'http://127.0.0.1:9' }]) })).toBe('');
  });

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '[{', /must be a JSON list of 1 to 10 endpoints/],
    ['an object', EU, /must be a JSON list/],
    ['an empty list', [], /must be a JSON list/],
    ['more than ten', Array.from({ length: 11 }, (_, n) => ({ ...EU, name: `e${n}` })), /must be a JSON list/],
    ['no secret', [EU, { ...US, secret: undefined }], /entry 2 secret must be a text/],
    ['an unknown field', [{ ...EU, region: 'x' }], /entry 1 must be an object with url, key and secret/],
    ['a text', ['https://cas.example'], /entry 1 must be an object/],
    ['another scheme', [{ ...EU, url: 'ftp://cas.example' }], /entry 1 url must be a URL starting with/],
    ['a key with a line break', [{ ...EU, key: 'a\nb' }], /entry 1 key must be printable ASCII/],
    ['an odd name', [{ ...EU, name: 'e u' }], /entry 1 name must be 1 to 64 characters/],
    ['one name twice', [EU, { ...US, name: 'eu' }], /must have a name of its own for each endpoint/],
  ])('is refused with %s, and no value is told', (_name, value, message) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const told = casEndpoints.safeParse(text).error?.issues[0]?.message ?? '';
    expect(told).toMatch(message);
    expect(told).not.toMatch(/-of-|cas\.example/);
    expect(faultsOf({ CAS_ENDPOINTS: text })).not.toMatch(/-of-|cas\.example/);
  });

  it('has its keys and secrets masked in a support bundle', () => {
    const found = secretValues(workerNamespaces, { CAS_ENDPOINTS: JSON.stringify([EU, US]) });
    expect(found).toEqual(expect.arrayContaining([EU.key, EU.secret, US.key, US.secret]));
    expect(found).not.toContain(EU.url);
  });
});
