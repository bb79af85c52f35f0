import { describe, expect, it } from '@jest/globals';
import { Journal } from './journal.js';

const call = { product: 'stream', path: '/stream/token/v2/', credentials: 'valid' } as const;

describe('Journal', () => {
  it('counts calls and tokens per product', () => {
    const journal = new Journal();
    journal.open(call).tokenFingerprint = 'a';
    journal.open(call);
    journal.open({ ...call, product: 'sync' });
    expect(journal.summary()).toEqual({
      stream: { calls: 2, tokens: 1 },
      sync: { calls: 1, tokens: 0 },
      chat: { calls: 0, tokens: 0 },
      total: { calls: 3, tokens: 1 },
    });
  });

  it('keeps the last 100,000 calls', () => {
    const journal = new Journal();
    for (let n = 0; n < 250_000; n += 1) journal.open(call);
    const calls = journal.list();
    expect([calls.length, calls[0]?.n, calls.at(-1)?.n]).toEqual([100_000, 150_001, 250_000]);
  });
});
