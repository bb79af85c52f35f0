import { describe, expect, it } from '@jest/globals';
import { isLoopbackTarget, noProxyMatcher } from './no-proxy.js';

const covers = (list: string, url: string) => noProxyMatcher(list)(new URL(url));

describe('NO_PROXY', () => {
  it.each([
    ['example.com', 'https://example.com'],
    ['example.com', 'https://a.b.example.com'],
    ['.example.com', 'https://example.com'],
    ['.example.com', 'https://a.example.com'],
    ['*.example.com', 'https://a.example.com'],
    ['EXAMPLE.com.', 'https://example.COM'],
    ['example.com', 'https://example.com.'],
    ['example.com:8443', 'https://example.com:8443'],
    ['example.com:443', 'https://example.com'],
    ['example.com:80', 'http://example.com'],
    ['10.0.0.0/8', 'https://10.255.0.1'],
    ['10.0.0.0/8:8443', 'https://10.255.0.1:8443'],
    ['10.1.2.3', 'https://10.1.2.3'],
    ['10.1.2.3', 'https://[::ffff:10.1.2.3]'],
    ['10.0.0.0/8', 'https://[::ffff:a01:203]'],
    ['fd00::/8', 'https://[fd12::1]'],
    ['fd12::1', 'https://[fd12:0:0::1]'],
    ['[fd12::1]', 'https://[fd12::1]'],
    ['[fd12::1]:8443', 'https://[fd12::1]:8443'],
    ['*', 'https://example.com'],
    ['a.example, b.example\tc.example', 'https://c.example'],
    ['a.example,,  ,b.example', 'https://b.example'],
  ])('%s covers %s', (list, url) => {
    expect(covers(list, url)).toBe(true);
  });

  it.each([
    ['', 'https://example.com'],
    [' , ', 'https://example.com'],
    ['.', 'https://example.com'],
    ['example.com', 'https://badexample.com'],
    ['a.example.com', 'https://example.com'],
    ['example.com:8443', 'https://example.com'],
    ['example.com:443', 'http://example.com'],
    ['10.0.0.0/8', 'https://11.0.0.1'],
    ['10.0.0.0/8', 'https://10.example.com'],
    ['0.0.1', 'https://10.0.0.1'],
    ['10.0.0.0/99', 'https://10.0.0.1'],
    ['fd00::/8', 'https://10.0.0.1'],
    ['fd12::1', 'https://[fd12::2]'],
    ['[fd12::1]:8443', 'https://[fd12::1]'],
  ])('%j does not cover %s', (list, url) => {
    expect(covers(list, url)).toBe(false);
  });
});

describe('loopback', () => {
  it.each([
    'http://localhost:3',
    'https://a.localhost',
    'http://127.9.9.9',
    'http://[::1]',
    'http://[::ffff:127.0.0.1]',
  ])('is %s', (url) => {
    expect(isLoopbackTarget(new URL(url))).toBe(true);
  });

  it.each(['http://localhost.example', 'http://127.0.0.1.example', 'http://10.0.0.1', 'http://[::2]'])(
    'is not %s',
    (url) => {
      expect(isLoopbackTarget(new URL(url))).toBe(false);
    },
  );
});
