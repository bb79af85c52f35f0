import { describe, expect, it } from '@jest/globals';
import { FAILURE_CODES, RETRYABLE_FAILURES } from './failures.js';
import { isSettled, LIVE_STATUSES, SESSION_STATUSES, TRANSITIONS } from './states.js';

describe('session states', () => {
  it('are final only when closed or expired', () => {
    const final = SESSION_STATUSES.filter((status) => TRANSITIONS[status].length === 0);
    expect(final).toEqual(['closed', 'expired']);
  });

  it('never lead from a final state back to a live one', () => {
    for (const status of SESSION_STATUSES) {
      const live = LIVE_STATUSES.some((known) => known === status);
      expect(TRANSITIONS[status].length > 0).toBe(live);
    }
  });

  it('are settled unless a worker still has to act', () => {
    expect(SESSION_STATUSES.filter((status) => !isSettled(status))).toEqual(['pending']);
  });
});

describe('failure codes', () => {
  it('are retryable or permanent', () => {
    expect(RETRYABLE_FAILURES).toEqual(['cas-unavailable', 'cas-bad-reply', 'deadline-exceeded']);
    expect(FAILURE_CODES.filter((code) => !RETRYABLE_FAILURES.includes(code))).toEqual([
      'cas-rejected',
      'cas-credentials-rejected',
    ]);
  });
});
