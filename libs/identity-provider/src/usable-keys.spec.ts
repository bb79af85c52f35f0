import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { usableKeys } from './usable-keys.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
const otherCurve = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });
const ed = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });

const algorithms = (...entries: unknown[]) => usableKeys(entries).map((key) => key.algorithms);

describe('an entry of a key set', () => {
  it.each([
    ['RSA', rsa, ['RS256', 'PS256']],
    ['RSA with its algorithm', { ...rsa, alg: 'PS256', use: 'sig', key_ops: ['verify'] }, ['PS256']],
    ['RSA with unknown members', { ...rsa, x5t: 'x', issuer: 'y', cloud: 7 }, ['RS256', 'PS256']],
    ['EC', { ...ec, alg: 'ES256' }, ['ES256']],
    ['Ed25519', ed, ['EdDSA']],
  ])('is usable: %s', (_name, entry, expected) => {
    expect(algorithms(entry)).toEqual([expected]);
  });

  it.each<[string, JsonWebKey | string | null]>([
    ['of an unknown kind', { kty: 'AKP', pub: 'x' }],
    ['without its fields', { kty: 'RSA', kid: 'k' }],
    ['that is a shared secret', { kty: 'oct', k: 'c2VjcmV0' }],
    ['for encryption', { ...rsa, use: 'enc' }],
    ['for other operations', { ...rsa, key_ops: ['encrypt'] }],
    ['for another algorithm', { ...rsa, alg: 'RSA-OAEP-256' }],
    ['for an algorithm of another kind', { ...ec, alg: 'RS256' }],
    ['on another curve', otherCurve],
    ['that is too short', weak],
    ['that is none', 'key'],
    ['that is null', null],
  ])('is skipped: %s', (_name, entry) => {
    expect(algorithms(entry, rsa)).toEqual([['RS256', 'PS256']]);
  });

  it('keeps its id, and with an odd one counts as without', () => {
    expect(
      usableKeys([
        { ...rsa, kid: 'a' },
        { ...ed, kid: 7 },
      ]).map(({ kid }) => kid),
    ).toEqual(['a', undefined]);
  });
});
