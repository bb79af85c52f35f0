import { describe, expect, it } from '@jest/globals';
import { callUrl } from './call-url.js';

describe('callUrl', () => {
  it.each([
    ['https://cas.example', 'stream', 'https://cas.example/stream/token/v2/'],
    ['https://cas.example/', 'sync', 'https://cas.example/sync/token/'],
    ['http://127.0.0.1:3003', 'sync', 'http://127.0.0.1:3003/sync/token/'],
    ['https://cas.example/eu/one', 'stream', 'https://cas.example/eu/one/stream/token/v2/'],
    ['https://cas.example/eu/one//?a=b#c', 'stream', 'https://cas.example/eu/one/stream/token/v2/'],
  ] as const)('maps %s and %s to %s', (base, product, url) => {
    expect(callUrl(base, product).href).toBe(url);
  });
});
