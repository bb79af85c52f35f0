import { describe, expect, it } from '@jest/globals';
import { FAILURE_CODES, RETRYABLE_FAILURES } from './failures.js';
import { isSettled, LIVE_STATUSES, SESSION_STATUSES, TRANSITIONS } from './states.js';

describe('the states of a session', () => {
  it('end in closed or expired and nowhere else', () => {
    const final = SESSION_STATUSES.filter((status) => TRANSITIONS[status].length === 0);
    expect(final).toEqual(['closed', 'expired']);
  });

  it('never lead from an ended session back to a live one', () => {
    for (const status of SESSION_STATUSES) {
      const live = LIVE_STATUSES.some((known) => known === status);
      expect(TRANSITIONS[status].length > 0).toBe(live);
    }
  });

  it('are settled when no worker will change them any more', () => {
    expect(SESSION_STATUSES.filter((status) => !isSettled(status))).toEqual(['pending']);
  });
});

describe('the reasons of a failure', () => {
  it('say which of them opening the room again may cure', () => {
    expect(RETRYABLE_FAILURES).toEqual(['cas-unavailable', 'cas-bad-reply', 'deadline-exceeded']);
    expect(FAILURE_CODES.filter((code) => !RETRYABLE_FAILURES.includes(code))).toEqual([
      'cas-rejected',
      'cas-credentials-rejected',
    ]);
  });
});
