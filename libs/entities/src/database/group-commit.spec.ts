import { StoreUnavailableError } from '@app/kernel';
import { describe, expect, it } from '@jest/globals';
import { GroupCommit } from './group-commit.js';

/** A database that records its batches and answers when told. */
class Recorder {
  readonly batches: number[][] = [];
  private readonly held: (() => void)[] = [];

  constructor(private readonly work: (items: readonly number[]) => (string | Error)[]) {}

  readonly run = async (items: readonly number[]): Promise<(string | Error)[]> => {
    this.batches.push([...items]);
    await new Promise<void>((resolve) => this.held.push(resolve));
    return this.work(items);
  };

  /** Answers what is in flight, and what follows from it, until nothing is left. */
  async answerAll(): Promise<void> {
    for (let idle = 0; idle < 3; idle++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.held.length > 0) idle = -1;
      for (const answer of this.held.splice(0)) answer();
    }
  }
}

const names = (items: readonly number[]) => items.map((n) => `done ${String(n)}`);
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('group commit', () => {
  it('sends a lone item immediately', async () => {
    const recorder = new Recorder(names);
    const group = new GroupCommit({ run: recorder.run });
    const result = group.submit(7);
    await recorder.answerAll();
    expect(await result).toBe('done 7');
  });

  it('gathers what arrives while statements are in flight, within its bounds, and answers each caller', async () => {
    const recorder = new Recorder(names);
    const group = new GroupCommit({ run: recorder.run, maxSize: 40, maxInFlight: 2 });
    const results = [group.submit(0)];
    await new Promise((resolve) => setImmediate(resolve));
    results.push(
      ...numbers(100)
        .slice(1)
        .map((n) => group.submit(n)),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(recorder.batches.map(({ length }) => length)).toEqual([1, 40]);
    await recorder.answerAll();
    expect(recorder.batches.map(({ length }) => length)).toEqual([1, 40, 40, 19]);
    expect(await Promise.all(results)).toEqual(names(numbers(100)));
  });

  it('sends the next batch before the callers of the last one go on', async () => {
    const order: string[] = [];
    const recorder = new Recorder((items) => names(items));
    const run = (items: readonly number[]) => {
      order.push(`batch of ${items.join()}`);
      return recorder.run(items);
    };
    const group = new GroupCommit({ run, maxInFlight: 1 });
    const submit = async (n: number) => order.push(await group.submit(n));
    const first = submit(0);
    await new Promise((resolve) => setImmediate(resolve));
    const all = [first, submit(1)];
    await recorder.answerAll();
    await Promise.all(all);
    expect(order).toEqual(['batch of 0', 'batch of 1', 'done 0', 'done 1']);
  });

  it('gives a caller its own error', async () => {
    const recorder = new Recorder((items) => items.map((n) => (n === 1 ? new Error('one') : `done ${String(n)}`)));
    const group = new GroupCommit({ run: recorder.run });
    const results = Promise.allSettled(numbers(3).map((n) => group.submit(n)));
    await recorder.answerAll();
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('carries out the items of a failed batch one by one, so that a bad one fails alone', async () => {
    const recorder = new Recorder((items) => {
      if (items.includes(123)) throw new Error('poison');
      return names(items);
    });
    const group = new GroupCommit({ run: recorder.run });
    const results = Promise.allSettled(numbers(200).map((n) => group.submit(n)));
    await recorder.answerAll();
    const settled = await results;
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(199);
    expect(settled[123]).toMatchObject({ status: 'rejected', reason: { message: 'poison' } });
  });

  it('fails the whole batch if the database is unavailable, since the outcome is not known', async () => {
    const recorder = new Recorder(() => {
      throw new StoreUnavailableError('database');
    });
    const group = new GroupCommit({ run: recorder.run });
    const results = Promise.allSettled(numbers(5).map((n) => group.submit(n)));
    await recorder.answerAll();
    expect((await results).every(({ status }) => status === 'rejected')).toBe(true);
    expect(recorder.batches).toHaveLength(1);
  });

  it('repeats a batch that was chosen as the victim of a deadlock', async () => {
    let first = true;
    const recorder = new Recorder((items) => {
      if (!first) return names(items);
      first = false;
      throw new StoreUnavailableError('database', { cause: Object.assign(new Error('deadlock'), { code: '40P01' }) });
    });
    const group = new GroupCommit({ run: recorder.run });
    const results = Promise.all(numbers(3).map((n) => group.submit(n)));
    await recorder.answerAll();
    expect(await results).toEqual(names(numbers(3)));
    expect(recorder.batches).toHaveLength(2);
  });
});
