import { describe, expect, it } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import { isOwnBrowser } from './loopback.js';

const request = (headers: Record<string, string>, remoteAddress = '127.0.0.1') =>
  ({ headers, socket: { remoteAddress } }) as unknown as FastifyRequest;

describe('a browser on this machine', () => {
  it.each([
    [{ host: '127.0.0.1:3001' }, '127.0.0.1'],
    [{ host: 'localhost:3001', origin: 'http://localhost:3001' }, '::1'],
    [{ host: '[::1]:3001' }, '::ffff:127.0.0.1'],
  ])('is one with %j from %s', (headers, address) => {
    expect(isOwnBrowser(request(headers, address))).toBe(true);
  });

  it.each([
    ['another machine', { host: '127.0.0.1:3001' }, '192.0.2.7'],
    ['a name that leads here', { host: 'evil.example:3001' }, '127.0.0.1'],
    ['a name that looks like one of this machine', { host: 'localhost.evil.example' }, '127.0.0.1'],
    ['a page of another site', { host: '127.0.0.1:3001', origin: 'http://evil.example' }, '127.0.0.1'],
    ['a page of another port', { host: '127.0.0.1:3001', origin: 'http://127.0.0.1:8080' }, '127.0.0.1'],
    ['a page without an origin', { host: '127.0.0.1:3001', origin: 'null' }, '127.0.0.1'],
    ['a proxy', { host: '127.0.0.1:3001', 'x-forwarded-for': '192.0.2.7' }, '127.0.0.1'],
    ['no host', {}, '127.0.0.1'],
    ['a host that is none', { host: 'a b' }, '127.0.0.1'],
  ])('is not %s', (_what, headers, address) => {
    expect(isOwnBrowser(request(headers as Record<string, string>, address))).toBe(false);
  });
});
