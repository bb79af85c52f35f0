import { describe, expect, it } from '@jest/globals';
import { isDeeperThan, isStorable } from './storable-json.js';

const NUL = 'a\0b';
const LONE_HIGH = 'a\ud800b';
const LONE_LOW = 'a\udc00b';

describe('text that Postgres can store', () => {
  it.each([
    ['plain', { a: 'derby', b: [1, true, null] }],
    ['a surrogate pair', { '😀': '😀' }],
    ['other control characters', { a: '\u0001\u001f\u007f' }],
    ['nothing', {}],
  ])('%s is fine', (_name, value) => {
    expect(isStorable(value)).toBe(true);
  });

  it.each([
    ['in a value', (text: string) => ({ a: text })],
    ['in a key', (text: string) => ({ [text]: 1 })],
    ['in an array', (text: string) => ({ a: [1, [text]] })],
    ['deep inside', (text: string) => ({ a: { b: [{ c: { [text]: null } }] } })],
  ])('U+0000 and lone surrogates are not, %s', (_name, place) => {
    for (const text of [NUL, LONE_HIGH, LONE_LOW]) expect(isStorable(place(text))).toBe(false);
  });

  it('looks at a key __proto__ as at any other', () => {
    expect(isStorable(JSON.parse('{"__proto__": {"a": "\\u0000"}}'))).toBe(false);
    expect(isStorable(JSON.parse('{"__proto__": {"a": "fine"}}'))).toBe(true);
  });
});

describe('the depth of a value', () => {
  const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

  it('is the number of arrays and objects inside each other', () => {
    expect(isDeeperThan(0, 'text')).toBe(false);
    expect(isDeeperThan(0, {})).toBe(true);
    expect(isDeeperThan(2, { a: [1], b: 'x' })).toBe(false);
    expect(isDeeperThan(2, { a: 1, b: [1, { c: 2 }] })).toBe(true);
    expect(isDeeperThan(7, nested(7))).toBe(false);
    expect(isDeeperThan(6, nested(7))).toBe(true);
  });

  it('is found however deep a body is, without overflowing the stack', () => {
    expect(isDeeperThan(2048, nested(32_000))).toBe(true);
    expect(isDeeperThan(32_000, nested(32_000))).toBe(false);
  });
});
