import { describe, expect, it } from '@jest/globals';
import { AuditCounters } from './audit-counters.js';

const MINUTE_MS = 60_000;

describe('counts', () => {
  it('are per actor, session and action', () => {
    const counts = new AuditCounters(10);
    for (let i = 0; i < 3; i++) counts.add('read-tokens', 'key:a', 'ses_1', i);
    counts.add('read-tokens', 'key:b', 'ses_1', 1);
    counts.add('read-tokens', 'key:a', 'ses_2', 1);
    counts.add('denied:rate-limited', 'key:a', null, 1);
    expect(counts.drain()).toEqual([
      { action: 'read-tokens', actor: 'key:a', sessionId: 'ses_1', count: 3, sinceMs: 0 },
      { action: 'read-tokens', actor: 'key:b', sessionId: 'ses_1', count: 1, sinceMs: 1 },
      { action: 'read-tokens', actor: 'key:a', sessionId: 'ses_2', count: 1, sinceMs: 1 },
      { action: 'denied:rate-limited', actor: 'key:a', sessionId: null, count: 1, sinceMs: 1 },
    ]);
  });

  it('are per minute, also when they are not drained for longer', () => {
    const counts = new AuditCounters(10);
    for (const ms of [0, MINUTE_MS - 1, MINUTE_MS, MINUTE_MS + 1]) counts.add('read-tokens', 'key:a', null, ms);
    expect(counts.drain().map(({ count, sinceMs }) => [count, sinceMs])).toEqual([
      [2, 0],
      [2, MINUTE_MS],
    ]);
  });

  it('never mistake one actor for another, whatever their names hold', () => {
    const counts = new AuditCounters(10);
    counts.add('read-tokens', 'ses_1 x', null, 0);
    counts.add('read-tokens', 'x', 'ses_1', 0);
    counts.add('read-tokens', ' ses_1 x', null, 0);
    expect(counts.drain()).toHaveLength(3);
  });

  it('have a bound: beyond it nothing new is counted, what is known still is', () => {
    const counts = new AuditCounters(2);
    const add = (actor: string) => counts.add('read-tokens', actor, null, 0);
    expect(['a', 'b', 'c', 'a'].map(add)).toEqual([true, true, false, true]);
    expect(counts.drain().map(({ actor, count }) => [actor, count])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });

  it('are taken once', () => {
    const counts = new AuditCounters(2);
    counts.add('read-tokens', 'a', null, 0);
    expect([counts.size, counts.drain().length, counts.size, counts.drain().length]).toEqual([1, 1, 0, 0]);
  });
});
