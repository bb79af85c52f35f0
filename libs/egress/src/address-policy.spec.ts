import { describe, expect, it } from '@jest/globals';
import { AddressPolicy, AddressRefusedError } from './address-policy.js';

const policy = (allow: string[], ...answers: string[][]) => {
  let asked = 0;
  const resolve = () => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    return Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
  };
  return new AddressPolicy(allow, resolve, resolve);
};

const NOT_PUBLIC = [
  ['private', '10.1.2.3', '172.16.0.1', '192.168.1.1', 'fc00::1', 'fd00:ec2::254'],
  ['loopback', '127.0.0.1', '127.255.255.254', '::1'],
  ['link-local', '169.254.169.254', 'fe80::1', 'fec0::1'],
  ['CGNAT', '100.64.0.1'],
  ['multicast', '224.0.0.1', 'ff02::1'],
  ['unspecified and broadcast', '0.0.0.0', '0.1.2.3', '255.255.255.255', '::'],
  ['reserved', '192.0.2.1', '198.18.0.1', '192.88.99.1', '240.0.0.1', '192.0.0.8', '2001:db8::1', '100::1', '4000::1'],
  ['IPv4-mapped', '::ffff:8.8.8.8', '::ffff:127.0.0.1', '::ffff:0:7f00:1'],
  ['IPv4-compatible', '::7f00:1', '::8.8.8.8'],
  ['NAT64', '64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::a00:1'],
  ['6to4 and Teredo', '2002:7f00:1::', '2002:808:808::', '2001:0:4136:e378::1'],
].flatMap(([kind, ...addresses]) => addresses.map((address) => [kind, address] as const));

const literal = (address: string) => new URL(`https://${address.includes(':') ? `[${address}]` : address}/hooks`);

describe('an address that is not public', () => {
  it.each(NOT_PUBLIC)('(%s) is refused: %s, as a literal and as what a name leads to', async (_kind, address) => {
    expect(policy([]).isRefused(literal(address))).toBe(true);
    expect(policy([]).faultOf(literal(address))).not.toBeNull();
    await expect(policy([], [address]).resolve('hooks.example')).rejects.toBeInstanceOf(AddressRefusedError);
    await expect(policy([], ['8.8.8.8', address]).resolve('hooks.example')).rejects.toThrow('public addresses');
  });

  it.each([
    'https://0x7f.1/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://[::ffff:7f00:1]/',
  ])('is refused in every spelling: %s', (url) => {
    expect(policy([]).isRefused(new URL(url))).toBe(true);
  });

  it('is permitted as far as operators allow its network, its address or the name that leads to it', async () => {
    await expect(policy(['10.0.0.0/8'], ['10.1.2.3']).resolve('a.example')).resolves.toHaveLength(1);
    await expect(policy(['10.0.0.0/8'], ['10.1.2.3', '192.168.0.1']).resolve('a.example')).rejects.toThrow();
    await expect(policy(['10.1.2.4'], ['10.1.2.3']).resolve('a.example')).rejects.toThrow();
    await expect(policy(['hooks.internal'], ['10.1.2.3']).resolve('HOOKS.internal.')).resolves.toHaveLength(1);
    await expect(policy(['hooks.internal'], ['10.1.2.3']).resolve('other.internal')).rejects.toThrow();
    expect(policy(['fd00::/8']).isRefused(literal('fd00::1'))).toBe(false);
    expect(policy(['10.0.0.0/8']).isRefused(literal('::ffff:10.0.0.1'))).toBe(true);
  });
});

describe('a public address', () => {
  it.each(['8.8.8.8', '203.0.114.1', '2606:4700::1111', '2a00:1450:4001::1'])('is permitted: %s', async (address) => {
    expect(policy([]).isRefused(literal(address))).toBe(false);
    await expect(policy([], [address]).resolve('hooks.example')).resolves.toMatchObject([{ address }]);
  });
});

describe('a URL', () => {
  it.each([
    ['https://hooks.example/', null],
    ['http://hooks.example/', 'must be an https URL'],
    ['ftp://hooks.internal/', 'must be an https URL'],
    ['http://hooks.internal:8080/', null],
    ['http://10.1.2.3/', null],
    ['https://10.1.2.3/', null],
    ['https://192.168.0.1/', 'must not lead to an address that is not public'],
    ['http://8.8.8.8/', 'must be an https URL'],
  ])('%s is judged before it is called: %s', (url, fault) => {
    expect(policy(['hooks.internal', '10.0.0.0/8']).faultOf(new URL(url))).toBe(fault);
  });
});
