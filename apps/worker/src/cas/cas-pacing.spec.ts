import { CasCallAbortedError } from '@app/cas-client';
import type { SettingsService } from '@app/config';
import type { PacingRepository, Turns } from '@app/entities';
import { StoreUnavailableError } from '@app/kernel';
import { Metrics } from '@app/observability';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CasPacing } from './cas-pacing.js';

describe('calls of CAS that wait for their turn', () => {
  let answers: (Turns | Error)[];
  let asked: { calls: number; withinMs: number }[];
  let pacing: CasPacing;
  let had: string[];

  const grant = (granted: number, nextInMs: number, everyMs = 10): Turns => ({
    ...{ granted, firstInMs: 0, everyMs, nextInMs },
  });
  const wait = (name: string, priority: 'session' | 'refill' = 'session', signal?: AbortSignal) =>
    pacing.turn(priority, signal).then(
      () => had.push(name),
      (error: unknown) => had.push(`${name}: ${error instanceof CasCallAbortedError ? 'aborted' : String(error)}`),
    );

  beforeEach(() => {
    jest.useFakeTimers();
    answers = [];
    asked = [];
    had = [];
    const repository = {
      take: (calls: number, _configured: number | null, withinMs: number) => {
        asked.push({ calls, withinMs });
        const answer = answers.shift() ?? grant(0, 1000);
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      pendingCalls: () => Promise.resolve(0),
    };
    const config = { get: () => ({ maxRps: 100 }) };
    pacing = new CasPacing(
      repository as unknown as PacingRepository,
      config as unknown as SettingsService<'cas'>,
      new Metrics(),
    );
  });
  afterEach(() => {
    pacing.stop();
    jest.useRealTimers();
  });

  it('are made one after the other, at the times that were granted', async () => {
    answers = [grant(1, 10), grant(2, 300)];
    for (const name of ['a', 'b', 'c']) void wait(name);
    await jest.advanceTimersByTimeAsync(0);
    expect(had).toEqual(['a']);
    await jest.advanceTimersByTimeAsync(20);
    expect(had).toEqual(['a', 'b']);
    await jest.advanceTimersByTimeAsync(10);
    expect(had).toEqual(['a', 'b', 'c']);
    expect(asked.map(({ calls }) => calls)).toEqual([1, 2]);
  });

  it('of sessions come before those of refills, and do not wait for what refills wait for', async () => {
    answers = [grant(0, 5000), grant(1, 100)];
    void wait('refill', 'refill');
    await jest.advanceTimersByTimeAsync(0);
    void wait('session');
    await jest.advanceTimersByTimeAsync(0);
    expect(had).toEqual(['session']);
    expect(asked[1]).toEqual({ calls: 1, withinMs: 250 });
    answers = [grant(1, 0)];
    await jest.advanceTimersByTimeAsync(200);
    expect(had).toEqual(['session', 'refill']);
    expect(asked.at(-1)?.withinMs).toBeLessThan(250);
  });

  it('wait on while the database is unavailable', async () => {
    answers = [new StoreUnavailableError('database'), grant(1, 0)];
    void wait('a');
    await jest.advanceTimersByTimeAsync(500);
    expect(had).toEqual([]);
    await jest.advanceTimersByTimeAsync(600);
    expect(had).toEqual(['a']);
  });

  it('are given up when their run is aborted, or the worker stops, and none waits after that', async () => {
    const run = new AbortController();
    void wait('aborted', 'session', run.signal);
    void wait('stopped');
    await jest.advanceTimersByTimeAsync(0);
    run.abort();
    await jest.advanceTimersByTimeAsync(0);
    expect(had).toEqual(['aborted: aborted']);
    pacing.stop();
    void wait('late');
    await jest.advanceTimersByTimeAsync(0);
    expect(had.slice(1).sort()).toEqual(['late: aborted', 'stopped: aborted']);
  });
});
