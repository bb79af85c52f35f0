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

describe('the expiry check of API keys', () => {
  it.each([
    ['is valid for longer', [key('aaaa', 'active'), key('bbbb', 'active', 400 * HOUR)], 'ok', '2 usable keys'],
    ['expires soon', [key('aaaa', 'active', 300 * HOUR)], 'warning', 'aaaa (backend) expires in 12 days'],
    ['expires tomorrow', [key('aaaa', 'active', 25.5 * HOUR)], 'warning', 'expires in 25 hours'],
    ['has expired', [key('aaaa', 'expired', -HOUR), key('bbbb', 'active')], 'warning', 'aaaa (backend) has expired'],
    ['was revoked', [key('aaaa', 'revoked', -HOUR), key('bbbb', 'active')], 'ok', '1 usable key,'],
    ['does not exist', [key('aaaa', 'revoked')], 'warning', 'no usable key'],
  ] as const)('covers a key that %s', (_what, keys, level, words) => {
    expect(apiKeyDates(keys, NOW)).toMatchObject({ level, text: expect.stringContaining(words) });
  });
});
