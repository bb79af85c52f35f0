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

  it.each([
    ['anna', 'anna'],
    ['a b', 'a%20b'],
    ['a+b&sub=c#d?e=/%20', 'a%2Bb%26sub%3Dc%23d%3Fe%3D%2F%2520'],
    ["o'neil", 'o%27neil'],
    ['zo\u00eb \u{1f388}', 'zo%C3%AB%20%F0%9F%8E%88'],
  ])('puts the user %j into the query of a chat call', (sub, encoded) => {
    const url = callUrl('https://cas.example/eu?a=b', 'chat', sub);
    expect(url.href).toBe(`https://cas.example/eu/public-chat/token/?sub=${encoded}`);
    expect(url.searchParams.getAll('sub')).toEqual([sub]);
  });
});
