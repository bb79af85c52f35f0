import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProblemError } from '../problems/problem.js';
import { fingerprint, parseIdempotencyKey } from './idempotency-key.js';

describe('the Idempotency-Key', () => {
  it('is the same key, bare or quoted', () => {
    expect(parseIdempotencyKey('order-17')).toBe('order-17');
    expect(parseIdempotencyKey('"order-17"')).toBe('order-17');
    expect(parseIdempotencyKey('  "order-17" ')).toBe('order-17');
  });

  it('is optional', () => {
    expect(parseIdempotencyKey(undefined)).toBeUndefined();
  });

  it('may have 255 characters, quotes not counted', () => {
    const key = 'k'.repeat(255);
    expect(parseIdempotencyKey(key)).toBe(key);
    expect(parseIdempotencyKey(`"${key}"`)).toBe(key);
  });

  it.each(['', '   ', '""', 'k'.repeat(256), `"${'k'.repeat(256)}"`, 'schl\u00fcssel', 'a\tb', 'a\u007fb', 'a\0b'])(
    '%j is refused as malformed, and the header is named',
    (header) => {
      expect.assertions(3);
      try {
        parseIdempotencyKey(header);
      } catch (error) {
        expect(error).toBeInstanceOf(ProblemError);
        const { code, details } = error as ProblemError;
        expect(code).toBe('malformed');
        expect(details.errors).toEqual([
          { detail: 'must be 1 to 255 printable ASCII characters', header: 'Idempotency-Key' },
        ]);
      }
    },
  );
});

/** The same value with the keys of every object in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

describe('the fingerprint of a body', () => {
  it('does not depend on the order of keys, at any depth', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(fingerprint(reversed(body))).toBe(fingerprint(body));
      }),
    );
  });

  it('depends on everything else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        // -0 is written as 0.
        fc.pre(canonicalJson(one) !== canonicalJson(other));
        expect(fingerprint(one)).not.toBe(fingerprint(other));
      }),
    );
  });

  it.each([
    [{ products: ['stream', 'sync'] }, { products: ['sync', 'stream'] }],
    [{ metadata: { a: 1 } }, { metadata: { a: '1' } }],
    [{ metadata: { a: null } }, { metadata: {} }],
    [{ metadata: { 'a":1,"b': 2 } }, { metadata: { a: 1, b: 2 } }],
    [{ metadata: { a: [] } }, { metadata: { a: {} } }],
  ])('tells %j from %j', (one, other) => {
    expect(fingerprint(one)).not.toBe(fingerprint(other));
  });
});

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
