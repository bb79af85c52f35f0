import { describe, expect, it } from '@jest/globals';
import { BatchLoader } from './batch-loader.js';

/** A store that responds on demand. */
function storeOnDemand() {
  const calls: { keys: string[]; answer: (values?: Record<string, string>) => void; fail: (error: Error) => void }[] =
    [];
  const looks = new BatchLoader<string>(
    (keys) =>
      new Promise((resolve, reject) => {
        calls.push({
          keys,
          answer: (values = {}) => {
            resolve(new Map(Object.entries(values)));
          },
          fail: reject,
        });
      }),
  );
  const call = (n: number) => {
    const found = calls[n];
    if (found === undefined) throw new Error(`call ${n} was not made`);
    return found;
  };
  return { looks, calls, call };
}

/** Lets everything scheduled for the next turns of the event loop run. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('the batch loader', () => {
  it('loads keys that are requested together in one call, each once', async () => {
    const { looks, calls, call } = storeOnDemand();
    const crowd = Promise.all(Array.from({ length: 500 }, (_, n) => looks.load(n % 2 === 0 ? 'a' : 'b')));
    await turn();
    expect(calls.map(({ keys }) => keys)).toEqual([['a', 'b']]);
    call(0).answer({ a: '1', b: '2' });
    expect(new Set(await crowd)).toEqual(new Set(['1', '2']));
  });

  it('returns null for a missing key', async () => {
    const { looks, call } = storeOnDemand();
    const looked = looks.load('a');
    await turn();
    call(0).answer({});
    expect(await looked).toBeNull();
  });

  it('never answers from a statement that started before the lookup', async () => {
    const { looks, calls, call } = storeOnDemand();
    const early = looks.load('a');
    await turn();
    const late = looks.load('a');
    await turn();
    expect(calls).toHaveLength(2);
    call(0).answer({ a: 'old' });
    call(1).answer({ a: 'new' });
    expect([await early, await late]).toEqual(['old', 'new']);
  });

  it('runs at most two statements at a time; waiting lookups share the next one', async () => {
    const { looks, calls, call } = storeOnDemand();
    const first = [looks.load('a')];
    await turn();
    first.push(looks.load('b'));
    await turn();
    const rest = ['c', 'd', 'c'].map((key) => looks.load(key));
    await turn();
    expect(calls.map(({ keys }) => keys)).toEqual([['a'], ['b']]);
    call(0).answer({ a: '1' });
    await turn();
    expect(calls.map(({ keys }) => keys)).toEqual([['a'], ['b'], ['c', 'd']]);
    call(1).answer({ b: '2' });
    call(2).answer({ c: '3', d: '4' });
    expect(await Promise.all([...first, ...rest])).toEqual(['1', '2', '3', '4', '3']);
  });

  it('sends the waiting lookups before the callers of the last ones go on', async () => {
    const { looks, calls, call } = storeOnDemand();
    const first = looks.load('a').then(() => calls.length);
    await turn();
    const others = [looks.load('b')];
    await turn();
    others.push(looks.load('c'));
    call(0).answer({ a: '1' });
    expect(await first).toBe(3);
    call(1).answer();
    call(2).answer();
    await Promise.all(others);
  });

  it('loads at most 500 keys per statement', async () => {
    const { looks, calls, call } = storeOnDemand();
    const crowd = Promise.all(Array.from({ length: 700 }, (_, n) => looks.load(String(n))));
    await turn();
    expect(calls.map(({ keys }) => keys.length)).toEqual([500, 200]);
    call(0).answer();
    call(1).answer();
    expect(await crowd).toHaveLength(700);
  });

  it('fails all lookups including the waiting ones, and recovers afterwards', async () => {
    const { looks, calls, call } = storeOnDemand();
    const failing = [looks.load('a')];
    await turn();
    failing.push(looks.load('b'));
    await turn();
    failing.push(looks.load('c'));
    const outcomes = Promise.allSettled(failing);
    call(0).fail(new Error('away'));
    await turn();
    expect(calls).toHaveLength(2);
    call(1).fail(new Error('away'));
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);

    const again = looks.load('a');
    await turn();
    call(2).answer({ a: '1' });
    expect(await again).toBe('1');
  });
});
