import { describe, expect, it } from '@jest/globals';
import { quotablePath, requestPath } from './request-path.js';

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

describe('the path in a problem document', () => {
  it.each([
    ['/v1/chat-tokens/anna', '/v1/chat-tokens/…'],
    ['/v1/chat-tokens/anna/x\ny', '/v1/chat-tokens/…'],
    ['//V1/Chat-Tokens/anna', '//V1/Chat-Tokens/…'],
    ['/v1/chat-tokens/', '/v1/chat-tokens/'],
    ['/v1/rooms/derby/session', '/v1/rooms/derby/session'],
  ])('names no user: %j', (path, quoted) => {
    expect(quotablePath(path)).toBe(quoted);
  });
});
