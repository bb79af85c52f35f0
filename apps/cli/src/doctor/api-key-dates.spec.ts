import type { ListedApiKey } from '@app/entities';
import { describe, expect, it } from '@jest/globals';
import { apiKeyDates } from './api-key-dates.js';

const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;

function key(id: string, state: ListedApiKey['state'], inMs?: number): ListedApiKey {
  const expiresAt = inMs === undefined ? null : new Date(NOW + inMs);
  const dates = { createdAt: new Date(0), expiresAt, lastUsedAt: null, revokedAt: null };
  return { id, name: 'backend', scopes: [], ratePerS: null, state, ...dates };
}

describe('the dates of API keys', () => {
  it.each([
    ['lasts', [key('aaaa', 'active'), key('bbbb', 'active', 400 * HOUR)], 'ok', '2 usable keys'],
    ['ends soon', [key('aaaa', 'active', 300 * HOUR)], 'warning', 'aaaa (backend) expires in 12 days'],
    ['ends tomorrow', [key('aaaa', 'active', 25.5 * HOUR)], 'warning', 'expires in 25 hours'],
    ['has ended', [key('aaaa', 'expired', -HOUR), key('bbbb', 'active')], 'warning', 'aaaa (backend) has expired'],
    ['was revoked', [key('aaaa', 'revoked', -HOUR), key('bbbb', 'active')], 'ok', '1 usable key,'],
    ['is not there', [key('aaaa', 'revoked')], 'warning', 'there is no usable key'],
  ] as const)('of one that %s', (_what, keys, level, words) => {
    expect(apiKeyDates(keys, NOW)).toMatchObject({ level, text: expect.stringContaining(words) });
  });
});
