import { describe, expect, it } from '@jest/globals';
import { Counts } from './counts.js';

const MINUTE_MS = 60_000;

describe('counts', () => {
  it('are per actor, session and action', () => {
    const counts = new Counts(10);
    for (let i = 0; i < 3; i++) counts.add('hand-over', 'key:a', 'ses_1', i);
    counts.add('hand-over', 'key:b', 'ses_1', 1);
    counts.add('hand-over', 'key:a', 'ses_2', 1);
    counts.add('refused:rate-limited', 'key:a', null, 1);
    expect(counts.take()).toEqual([
      { action: 'hand-over', actor: 'key:a', sessionId: 'ses_1', count: 3, sinceMs: 0 },
      { action: 'hand-over', actor: 'key:b', sessionId: 'ses_1', count: 1, sinceMs: 1 },
      { action: 'hand-over', actor: 'key:a', sessionId: 'ses_2', count: 1, sinceMs: 1 },
      { action: 'refused:rate-limited', actor: 'key:a', sessionId: null, count: 1, sinceMs: 1 },
    ]);
  });

  it('are per minute, also when nobody takes them for longer', () => {
    const counts = new Counts(10);
    for (const ms of [0, MINUTE_MS - 1, MINUTE_MS, MINUTE_MS + 1]) counts.add('hand-over', 'key:a', null, ms);
    expect(counts.take().map(({ count, sinceMs }) => [count, sinceMs])).toEqual([
      [2, 0],
      [2, MINUTE_MS],
    ]);
  });

  it('never mistake one actor for another, whatever their names hold', () => {
    const counts = new Counts(10);
    counts.add('hand-over', 'ses_1 x', null, 0);
    counts.add('hand-over', 'x', 'ses_1', 0);
    counts.add('hand-over', ' ses_1 x', null, 0);
    expect(counts.take()).toHaveLength(3);
  });

  it('have a bound: beyond it nothing new is counted, what is known still is', () => {
    const counts = new Counts(2);
    const add = (actor: string) => counts.add('hand-over', actor, null, 0);
    expect(['a', 'b', 'c', 'a'].map(add)).toEqual([true, true, false, true]);
    expect(counts.take().map(({ actor, count }) => [actor, count])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });

  it('are taken once', () => {
    const counts = new Counts(2);
    counts.add('hand-over', 'a', null, 0);
    expect([counts.size, counts.take().length, counts.size, counts.take().length]).toEqual([1, 1, 0, 0]);
  });
});
