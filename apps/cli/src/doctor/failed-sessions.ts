import { counted, type Finding } from './finding.js';

/** Failed sessions are counted up to this number, so that the check costs the same however many there are. */
export const COUNTED_FAILED = 1000;

/** Reports failed sessions, which stay failed until they are retried. `count` is at most `COUNTED_FAILED`. */
export function failedSessions(count: number): Finding {
  if (count === 0) return { check: 'failed', level: 'ok', text: 'no failed sessions' };
  const text = `${counted(count, 'session')} failed`;
  return {
    check: 'failed',
    level: 'warning',
    text: count < COUNTED_FAILED ? text : `${text} or more`,
    advice: 'run npm run cli -- sessions list --status failed; once the cause is fixed, redrive --all',
  };
}
