import { describe, expect, it } from '@jest/globals';
import { COUNTED_FAILED, failedSessions } from './failed-sessions.js';

describe('the check of failed sessions', () => {
  it.each([
    [0, 'ok', 'no failed sessions'],
    [1, 'warning', '1 session failed'],
    [3, 'warning', '3 sessions failed'],
    [COUNTED_FAILED, 'warning', '1000 sessions failed or more'],
  ])('with %d of them says %s: %s', (count, level, text) => {
    expect(failedSessions(count)).toMatchObject({ check: 'failed', level, text });
  });

  it('names the command that retries them', () => {
    expect(failedSessions(3).advice).toContain('redrive --all');
  });
});
