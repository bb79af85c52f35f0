import { describe, expect, it } from '@jest/globals';
import { optionalOpenSessionBody } from './session.schemas.js';

const faultsIn = (body: unknown) =>
  (optionalOpenSessionBody.safeParse(body).error?.issues ?? []).map(({ path, message }) => [path.join('/'), message]);

/** Metadata that is exactly so many bytes of JSON. */
const metadataOf = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });

describe('what an opener may say', () => {
  it.each([
    [undefined, {}],
    [{}, {}],
    [{ products: ['sync'] }, { products: ['sync'] }],
    [
      { products: ['sync', 'stream'], metadata: {} },
      { products: ['sync', 'stream'], metadata: {} },
    ],
    [{ metadata: { a: { b: [1, 'ü', null] } } }, { metadata: { a: { b: [1, 'ü', null] } } }],
    [{ metadata: metadataOf(4096) }, { metadata: metadataOf(4096) }],
  ])('%j is taken as it is', (body, taken) => {
    expect(optionalOpenSessionBody.parse(body)).toEqual(taken);
  });

  it('keeps a key __proto__ in metadata as data', () => {
    const { metadata } = optionalOpenSessionBody.parse(JSON.parse('{"metadata": {"__proto__": {"admin": true}}}'));
    expect(JSON.stringify(metadata)).toBe('{"__proto__":{"admin":true}}');
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  it.each([
    [null, [['', 'must be an object']]],
    [[], [['', 'must be an object']]],
    ['stream', [['', 'must be an object']]],
    [7, [['', 'must be an object']]],
    [{ products: 'stream' }, [['products', 'must be an array']]],
    [{ products: null }, [['products', 'must be an array']]],
    [{ products: [] }, [['products', 'must name at least one product']]],
    [{ products: ['video'] }, [['products/0', 'must be one of stream, sync']]],
    [{ products: ['stream', 7] }, [['products/1', 'must be one of stream, sync']]],
    [{ products: ['stream', 'stream'] }, [['products', 'must not name a product twice']]],
    [{ metadata: null }, [['metadata', 'must be an object']]],
    [{ metadata: [] }, [['metadata', 'must be an object']]],
    [{ metadata: 'x' }, [['metadata', 'must be an object']]],
    [{ metadata: { a: '\0' } }, [['metadata', 'must not contain U+0000 or lone surrogates']]],
    [{ metadata: { '\ud800': 1 } }, [['metadata', 'must not contain U+0000 or lone surrogates']]],
    [{ metadata: metadataOf(4097) }, [['metadata', 'must be at most 4 KiB of JSON']]],
    [{ metadata: { a: 'ü'.repeat(2048) } }, [['metadata', 'must be at most 4 KiB of JSON']]],
    [
      { products: ['x'], metadata: 1 },
      [
        ['products/0', 'must be one of stream, sync'],
        ['metadata', 'must be an object'],
      ],
    ],
  ])('%j is refused, and every fault has its place', (body, faults) => {
    expect(faultsIn(body)).toEqual(faults);
  });

  it('refuses keys that it does not know, each by name', () => {
    const [issue] = optionalOpenSessionBody.safeParse({ product: [], token: 'x' }).error?.issues ?? [];
    expect(issue).toMatchObject({ code: 'unrecognized_keys', keys: ['product', 'token'] });
  });

  it('takes metadata of 32 levels, refuses deeper metadata, and does not overflow the stack', () => {
    const levels = (n: number): unknown => JSON.parse(`{"metadata":${'{"a":'.repeat(n)}1${'}'.repeat(n)}}`);
    expect(optionalOpenSessionBody.safeParse(levels(32)).success).toBe(true);
    expect(faultsIn(levels(33))).toEqual([['metadata', 'must have at most 32 levels']]);
    const depth = 30_000;
    const body: unknown = JSON.parse(`{"metadata":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`);
    expect(faultsIn(body)).toEqual([['metadata', 'must have at most 32 levels']]);
  });
});
