import { describe, expect, it } from '@jest/globals';
import { TokenIssuer } from './token-issuer.js';

const decode = (part: string | undefined) => Buffer.from(part ?? '', 'base64url').toString();

describe('TokenIssuer', () => {
  const issuer = new TokenIssuer();

  it('issues header and payload in the documented format', () => {
    const [header, payload, signature] = issuer.issue({ lifeS: 60 }).token.split('.');
    expect(decode(header)).toBe('{"typ":"JWT","alg":"HS256"}');
    expect(decode(payload)).toMatch(/^\{"rid":"[0-9a-f]{32}","unct":\d+,"iat":(\d+),"exp":\d+\}$/);
    expect(Buffer.from(signature ?? '', 'base64url')).toHaveLength(32);
  });

  it('gives every token a unique rid', () => {
    const rids = Array.from({ length: 100 }, () => issuer.issue({ lifeS: 60 }).rid);
    expect(new Set(rids).size).toBe(100);
  });

  it('omits exp on request, and adds sub for chat', () => {
    const payload = JSON.parse(decode(issuer.issue({ lifeS: 'endless', sub: 'ann' }).token.split('.')[1])) as object;
    expect(payload).not.toHaveProperty('exp');
    expect(payload).toHaveProperty('sub', 'ann');
  });
});
