import { describe, expect, it } from '@jest/globals';
import { Deadline } from './deadline.js';

const never = new Promise<never>(() => undefined);

describe('Deadline', () => {
  it('settles like the work', async () => {
    const deadline = new Deadline(60_000);
    await expect(deadline.bound(Promise.resolve(1))).resolves.toBe(1);
    await expect(deadline.bound(Promise.reject(new Error('work')))).rejects.toThrow('work');
    expect(deadline.signal.aborted).toBe(false);
    deadline.clear();
  });

  it('rejects when the time is over', async () => {
    const deadline = new Deadline(10);
    await expect(deadline.bound(never)).rejects.toThrow();
    expect([deadline.signal.aborted, deadline.abortedByCaller]).toEqual([true, false]);
  });

  it.each(['before', 'after'])('rejects immediately when the caller aborts %s its start', async (when) => {
    const caller = new AbortController();
    if (when === 'before') caller.abort();
    const deadline = new Deadline(60_000, caller.signal);
    const bound = deadline.bound(never);
    caller.abort();
    await expect(bound).rejects.toThrow();
    expect(deadline.abortedByCaller).toBe(true);
    deadline.clear();
  });

  it('ignores the caller’s signal once it is cleared', () => {
    const caller = new AbortController();
    const deadline = new Deadline(60_000, caller.signal);
    deadline.clear();
    caller.abort();
    expect(deadline.signal.aborted).toBe(false);
  });
});
