import { StoreUnavailableError } from '@app/kernel';
import { createLog } from '@app/observability';
import { describe, expect, it, jest } from '@jest/globals';
import { ChoreLoop } from './chore-loop.js';
import type { Chore } from './chores.js';

const never = new AbortController().signal;

function loopOf(chore: Partial<Chore> & Pick<Chore, 'runBatch'>) {
  const lines: { msg: string; [field: string]: unknown }[] = [];
  const outcomes: string[] = [];
  const log = createLog(
    'worker',
    { logLevel: 'info', production: true },
    {
      write: (line) => lines.push(JSON.parse(line) as (typeof lines)[number]),
    },
  );
  const whole = { name: 'tidy', everyMs: 2500, batch: 10, lanes: 1, urgent: true, ...chore };
  const loop = new ChoreLoop(whole, log, (_name, outcome) => outcomes.push(outcome));
  return { loop, lines, outcomes };
}

/** Returns these numbers of rows one after the other, then 0. */
const rows = (...counts: number[]) => jest.fn(() => Promise.resolve(counts.shift() ?? 0));

describe('a chore', () => {
  it('runs once if there is no backlog, and says nothing when there was nothing to do', async () => {
    const runBatch = rows(0);
    const { loop, lines } = loopOf({ runBatch });
    await loop.round(never);
    expect(runBatch).toHaveBeenCalledTimes(1);
    expect(lines).toEqual([]);
  });

  it('works off a backlog in one round, and logs one line for it', async () => {
    const { loop, lines, outcomes } = loopOf({ runBatch: rows(10, 10, 10, 3) });
    await loop.round(never);
    expect(lines).toMatchObject([{ msg: 'maintenance done', chore: 'tidy', rows: 33 }]);
    expect(outcomes).toEqual(['ok', 'ok', 'ok', 'ok']);
  });

  it('runs as many batches at once as it has lanes, once it is known that there is a backlog', async () => {
    const waiting: ((count: number) => void)[] = [];
    const runBatch = () => new Promise<number>((resolve) => waiting.push(resolve));
    const { loop } = loopOf({ runBatch, lanes: 3 });
    const round = loop.round(never);
    expect(waiting).toHaveLength(1);
    waiting.shift()?.(10);
    await new Promise((resolve) => setImmediate(resolve));
    expect(waiting).toHaveLength(3);
    for (const resolve of waiting) resolve(0);
    await round;
  });

  it('that is not urgent rests as long as it worked, so that a backlog leaves the database to others', async () => {
    jest.useFakeTimers();
    const runBatch = jest.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return 10;
    });
    const stop = new AbortController();
    const { loop } = loopOf({ runBatch, urgent: false });
    const round = loop.round(stop.signal);
    await jest.advanceTimersByTimeAsync(1050);
    // The first at once, then one every 200 ms.
    expect(runBatch).toHaveBeenCalledTimes(6);
    stop.abort();
    await jest.advanceTimersByTimeAsync(200);
    await round;
    jest.useRealTimers();
  });

  it('that fails is logged once, with its cause, and once more when it works again', async () => {
    const cause = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
    let broken = true;
    const runBatch = () =>
      broken ? Promise.reject(new StoreUnavailableError('database', { cause })) : Promise.resolve(0);
    const { loop, lines, outcomes } = loopOf({ runBatch });
    for (let n = 0; n < 3; n++) await loop.round(never);
    broken = false;
    for (let n = 0; n < 2; n++) await loop.round(never);
    expect(outcomes).toEqual(['failed', 'failed', 'failed', 'ok', 'ok']);
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      [
        40,
        'maintenance chore tidy fails (statement cancelled after its timeout, 57014): it is retried every 2.5 s, other chores continue',
      ],
      [40, 'maintenance chore tidy works again'],
    ]);
  });

  it('that fails in the middle of a backlog ends its round and reports what was done', async () => {
    const runBatch = rows(10, 10);
    const failing = jest.fn(() => (runBatch.mock.calls.length < 2 ? runBatch() : Promise.reject(new Error('broken'))));
    const { loop, lines } = loopOf({ runBatch: failing });
    await loop.round(never);
    expect(failing).toHaveBeenCalledTimes(3);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'maintenance done',
      expect.stringContaining('maintenance chore tidy fails (unexpected error)'),
    ]);
  });
});
