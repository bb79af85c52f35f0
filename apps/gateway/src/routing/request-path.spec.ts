import { describe, expect, it } from '@jest/globals';
import { requestPath } from './request-path.js';

describe('the path of a request', () => {
  it.each([
    ['/a', '/a'],
    ['/a?b=/c', '/a'],
    ['/a#b?c', '/a'],
    ['/a?', '/a'],
    ['', ''],
    ['/%72oo%6D/%7e%2d?%72', '/room/~-'],
    ['/a%2Fb%20%c3%bc%25', '/a%2Fb%20%c3%bc%25'],
    ['http://x/room/create?y', '/room/create'],
    ['HTTPS://x:1/', '/'],
    ['//x/y', '//x/y'],
    ['/http://x/y', '/http://x/y'],
  ])('of %s has one spelling', (url, path) => {
    expect(requestPath(url)).toBe(path);
  });
});
