import { describe, expect, it } from '@jest/globals';
import { endpoint } from './endpoint.js';

describe('endpoint', () => {
  it.each([
    ['postgres://user:hush@db:6432/x', 'db:6432'],
    ['postgresql://user:hush@db/x?sslmode=require', 'db:5432'],
    ['rediss://:hush@[::1]', '[::1]:6379'],
    ['https://cas.example/path', 'cas.example:443'],
    ['http://cas.example:8080', 'cas.example:8080'],
    ['not a URL with hush', 'invalid URL'],
  ])('is host and port without credentials: %s', (url, expected) => {
    expect(endpoint(url)).toBe(expected);
  });
});
