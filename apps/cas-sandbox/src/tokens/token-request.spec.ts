import { describe, expect, it } from '@jest/globals';
import { parseTokenRequest } from './token-request.js';

describe('parseTokenRequest', () => {
  it.each([
    ['/public-chat/token/?sub=ann', 'ann'],
    ['/public-chat/token/?sub=ann%2Fb%20%C3%BC%26sub%3Dc', 'ann/b ü&sub=c'],
    ['/public-chat/token/?other=1&sub=42', '42'],
  ])('decodes the user of %s, and does not log the user', (url, sub) => {
    expect(parseTokenRequest('chat', url)).toEqual({
      loggedPath: '/public-chat/token/',
      sub,
      redirectTo: undefined,
      error: undefined,
    });
  });

  it.each([
    ['', 'sub is missing'],
    ['?sub=', 'sub is missing'],
    ['?SUB=ann', 'sub is missing'],
    ['?sub=ann&sub=bob', 'sub is ambiguous'],
  ])('rejects a chat call with the query "%s"', (query, error) => {
    expect(parseTokenRequest('chat', `/public-chat/token/${query}`)).toMatchObject({ sub: undefined, error });
  });

  it('ignores the query of other products, and logs it', () => {
    expect(parseTokenRequest('sync', '/sync/token/?again')).toEqual({
      loggedPath: '/sync/token/?again',
      sub: undefined,
      redirectTo: undefined,
      error: undefined,
    });
  });

  it('redirects to the path with its slash, keeping the query', () => {
    expect(parseTokenRequest('chat', '/public-chat/token?sub=a%2Fb').redirectTo).toBe('/public-chat/token/?sub=a%2Fb');
  });
});
