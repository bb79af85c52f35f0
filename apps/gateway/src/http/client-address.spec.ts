import { describe, expect, it } from '@jest/globals';
import { normalizeAddress } from './client-address.js';

describe('a client’s address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:51234', '192.0.2.1'],
    [' 192.0.2.1 ', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:80', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff::', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]:443', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s counts as %s', (text, address) => {
    expect(normalizeAddress(text)).toBe(address);
  });

  it.each([
    '',
    'unknown',
    '_hidden',
    '192.0.2',
    '192.0.2.256',
    '0x7f.1',
    '2130706433',
    '[',
    '[]:80',
    ':',
    '1:2',
    'a'.repeat(9000),
  ])('%j is none', (text) => {
    expect(normalizeAddress(text)).toBeNull();
  });
});
