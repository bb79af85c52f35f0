import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jwtShape } from './jwt-shape.js';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (payload: unknown, header: unknown = { typ: 'JWT', alg: 'HS256' }) =>
  `${part(header)}.${part(payload)}.c2ln`;

describe('jwtShape', () => {
  it('reads exp', () => {
    expect(jwtShape(jwt({ rid: 'a', unct: 1, exp: 1_800_000_000 }))).toEqual({ exp: 1_800_000_000 });
  });

  it('accepts a token without exp', () => {
    expect(jwtShape(jwt({ rid: 'a' }))).toEqual({});
  });

  it.each([null, '1800000000', 0, -1, true, [1], {}])('rejects exp %j', (exp) => {
    expect(jwtShape(jwt({ exp }))).toBeUndefined();
  });

  it('rejects an exp that is not a finite number', () => {
    const payload = Buffer.from('{"exp":1e999}').toString('base64url');
    expect(jwtShape(`${part({})}.${payload}.c2ln`)).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['two parts', `${part({})}.${part({})}`],
    ['four parts', `${jwt({})}.c2ln`],
    ['an empty signature', `${part({})}.${part({})}.`],
    ['padding', `${part({})}=.${part({})}.c2ln`],
    ['a newline at its end', `${jwt({})}\n`],
    ['a space', ` ${jwt({})}`],
    ['a header that is a list', jwt({}, [])],
    ['a header that is null', jwt({}, null)],
    ['a payload that is a string', jwt('x')],
    ['a payload that is not JSON', `${part({})}.AAAA.c2ln`],
    ['a payload that is not UTF-8', `${part({})}.${Buffer.from('{"a":"\xff"}', 'latin1').toString('base64url')}.c2ln`],
  ])('rejects %s', (_what, token) => {
    expect(jwtShape(token)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.json(), { maxLength: 4 }).map((p) => p.map(part).join('.')),
        ),
        (text) => {
          jwtShape(text);
        },
      ),
    );
  });
});
