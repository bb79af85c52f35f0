import { describe, expect, it } from '@jest/globals';
import { redirectTarget } from './redirect-target.js';

const FROM = new URL('https://cas.example/stream/token/v2');

describe('redirectTarget', () => {
  it.each([
    ['/stream/token/v2/', 'https://cas.example/stream/token/v2/'],
    ['v2/?a=b', 'https://cas.example/stream/token/v2/?a=b'],
    ['https://cas.example/other', 'https://cas.example/other'],
    ['https://cas.example:443/other', 'https://cas.example/other'],
    ['https://CAS.example/other', 'https://cas.example/other'],
  ])('follows %s', (location, target) => {
    expect(redirectTarget(FROM, location)?.href).toBe(target);
  });

  it.each([
    undefined,
    'http://cas.example/stream/token/v2/',
    'https://cas.example:8443/',
    'https://evil.example/',
    '//evil.example/',
    '\\\\evil.example/',
    'https://cas.example.evil.example/',
    'https://cas.example@evil.example/',
    'https://sub.cas.example/',
    'javascript:alert(1)',
    'data:,x',
    'http://',
  ])('does not follow %s', (location) => {
    expect(redirectTarget(FROM, location)).toBeUndefined();
  });
});
