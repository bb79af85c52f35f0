import { describe, expect, it } from '@jest/globals';
import { newRequestId, newSessionId, SESSION_ID } from './ids.js';

describe('a TokenID', () => {
  it('matches its own format', () => {
    for (let i = 0; i < 1000; i++) expect(newSessionId()).toMatch(SESSION_ID);
  });

  it('is unique', () => {
    expect(new Set(Array.from({ length: 10_000 }, newSessionId)).size).toBe(10_000);
  });

  it('has at least 128 random bits', () => {
    const random = newSessionId().slice('ses_'.length);
    expect(random.length * Math.log2(62)).toBeGreaterThanOrEqual(128);
  });

  it.each(['', 'ses_', 'ses_short', `ses_${'a'.repeat(61)}`, `SES_${'a'.repeat(22)}`, `ses_${'a'.repeat(21)}-`, 'x'])(
    'is not %j',
    (id) => {
      expect(id).not.toMatch(SESSION_ID);
    },
  );

  it('matches only as a whole', () => {
    const id = newSessionId();
    for (const text of [` ${id}`, `${id} `, `${id}\n`, `x${id}`]) expect(text).not.toMatch(SESSION_ID);
  });
});

describe('a request id', () => {
  it('is safe to use in a header', () => {
    expect(newRequestId()).toMatch(/^req_[0-9A-Za-z]{20}$/);
  });
});
