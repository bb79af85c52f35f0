import { describe, expect, it } from '@jest/globals';
import { roomPrefixFault, webhookDescriptionFault, webhookUrlFault } from './webhook-rules.js';

describe('an endpoint of webhooks', () => {
  it.each(['https://hooks.example.com', 'http://127.1:8080/a?b', 'https://пример.example/'])('may be at %s', (url) => {
    expect(webhookUrlFault(url)).toBeNull();
  });

  it.each([
    ['hooks', /https/],
    ['ftp://hooks.example.com/', /https/],
    ['javascript:alert(1)', /https/],
    ['https://user@hooks.example.com/', /user/],
    ['https://:hush@hooks.example.com/', /user/],
    ['https://hooks.example.com/#x', /fragment/],
    ['https://hooks.example.com/#', /fragment/],
    [`https://hooks.example.com/${'x'.repeat(2048)}`, /at most 2048/],
    [`https://hooks.example.com/${'é'.repeat(1000)}`, /at most 2048/],
  ])('is not at %s', (url, fault) => {
    expect(webhookUrlFault(url)).toMatch(fault);
  });

  it('asks for rooms by a prefix that names of rooms can have', () => {
    for (const prefix of ['match-', 'cafe\u0301', 'é'.repeat(128)]) expect(roomPrefixFault(prefix)).toBeNull();
    for (const prefix of ['', 'a/b', 'é'.repeat(129), 'x'.repeat(2000)])
      expect(roomPrefixFault(prefix)).toMatch(/^must/);
  });

  it('is described by a text that can be stored', () => {
    expect(webhookDescriptionFault('x'.repeat(200))).toBeNull();
    for (const text of ['x'.repeat(201), 'a\0b', '\ud800']) expect(webhookDescriptionFault(text)).toMatch(/^must/);
  });
});
