import type { ClockSkewMonitor } from '@app/entities';
import type { SessionEvents } from '@app/events';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type CachedReply, SessionReplyCache } from './session-reply-cache.js';

const reply = (body = '{}'): CachedReply => ({
  headers: ['content-type', 'application/json'],
  body,
  encoding: 'latin1',
  room: null,
  expiresAt: Date.now() + 60_000,
});

describe('the cache of replies', () => {
  let cache: SessionReplyCache;
  beforeEach(() => {
    const events = { subscribe: () => undefined, provenAt: performance.now() } as unknown as SessionEvents;
    cache = new SessionReplyCache(events, { skewS: 0 } as ClockSkewMonitor);
  });

  it('keeps a reply that was read after the latest change of its session', () => {
    cache.changed(['a']);
    cache.keep('a', cache.beforeRead(), reply());
    expect(cache.find('a')).toBeDefined();
  });

  it('does not keep a reply that was read before a change, whatever other sessions do', () => {
    const mark = cache.beforeRead();
    cache.changed(['a']);
    cache.keep('a', mark, reply());
    cache.keep('b', mark, reply());
    expect([cache.find('a'), cache.find('b')]).toEqual([undefined, expect.anything()]);
  });

  it('forgets everything, and what is being read, when events may have been missed', () => {
    cache.keep('a', cache.beforeRead(), reply());
    const mark = cache.beforeRead();
    cache.missed();
    cache.keep('b', mark, reply());
    expect([cache.find('a'), cache.find('b')]).toEqual([undefined, undefined]);
  });

  it('refuses what was read before a change that it no longer remembers', () => {
    const mark = cache.beforeRead();
    cache.changed(Array.from({ length: 25_000 }, (_, n) => String(n)));
    cache.keep('0', mark, reply());
    expect(cache.find('0')).toBeUndefined();
  });

  it('is bounded by the length of its replies too', () => {
    const long = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 200; n++) cache.keep(String(n), cache.beforeRead(), reply(long));
    const kept = Array.from({ length: 200 }, (_, n) => cache.find(String(n))).filter((one) => one !== undefined);
    expect(kept.length).toBeGreaterThan(50);
    expect(kept.length).toBeLessThanOrEqual(64);
  });
});
