import { describe, expect, it } from '@jest/globals';
import { CasBadReplyError } from '../errors/cas-errors.js';
import { readToken } from './read-token.js';

const NOW = Date.UTC(2026, 10, 24, 12, 0, 0);
const NOW_S = NOW / 1000;
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (payload: unknown) => `${part({ typ: 'JWT', alg: 'HS256' })}.${part(payload)}.c2ln`;

function reasonOf(body: string): string {
  try {
    readToken(body, 3600, NOW);
  } catch (error) {
    if (error instanceof CasBadReplyError) return error.reason;
  }
  throw new Error('not rejected');
}

describe('readToken', () => {
  it.each([
    ['its exp', { exp: NOW_S + 60 }, NOW + 60_000],
    ['a fraction of a second', { exp: NOW_S + 0.25 }, NOW + 250],
    ['the maximum lifetime, if exp is later', { exp: NOW_S + 315_360_000 }, NOW + 3_600_000],
    ['the maximum lifetime, if exp is absurd', { exp: 1e300 }, NOW + 3_600_000],
    ['the maximum lifetime, if exp is missing', { rid: 'x' }, NOW + 3_600_000],
  ])('expires at %s', (_what, payload, expiresAt) => {
    const token = jwt(payload);
    expect(readToken(JSON.stringify({ token, extra: 1 }), 3600, NOW)).toEqual({
      token,
      expiresAt: new Date(expiresAt),
    });
  });

  it.each([
    ['not-json', ''],
    ['not-json', '<html>'],
    ['no-token', '{}'],
    ['no-token', 'null'],
    ['no-token', '[]'],
    ['no-token', '"text"'],
    ['no-token', '{"token":17}'],
    ['no-token', '{"token":null}'],
    ['not-a-jwt', '{"token":""}'],
    ['not-a-jwt', '{"token":"abc"}'],
    ['expired', JSON.stringify({ token: jwt({ exp: NOW_S }) })],
    ['expired', JSON.stringify({ token: jwt({ exp: 1 }) })],
  ])('reports %s for %s', (reason, body) => {
    expect(reasonOf(body)).toBe(reason);
  });
});
