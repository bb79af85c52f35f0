import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { API_KEY, newApiKey, parseApiKey } from './api-keys.js';

describe('an API key', () => {
  it('is unique and has the documented format', () => {
    const keys = Array.from({ length: 500 }, newApiKey);
    expect(new Set(keys).size).toBe(500);
    expect(keys.every((key) => API_KEY.test(key))).toBe(true);
  });

  it('is stored as its id and the SHA-256 of its secret', () => {
    const secret = 'aB3'.repeat(16);
    expect(parseApiKey(`wtk_abcd_${secret}`)).toEqual({
      id: 'abcd',
      secretSha256: createHash('sha256').update(secret).digest(),
    });
  });

  it.each([
    '',
    'wtk_',
    'wtk_abcd_short',
    `wtk_ABCD_${'a'.repeat(43)}`,
    `wtk_abc_${'a'.repeat(43)}`,
    `xwtk_abcd_${'a'.repeat(43)}`,
    `wtk_abcd_${'a'.repeat(129)}`,
    `wtk_abcd_${'a'.repeat(43)}\n`,
  ])('is not %j', (text) => {
    expect(parseApiKey(text)).toBeNull();
  });
});
