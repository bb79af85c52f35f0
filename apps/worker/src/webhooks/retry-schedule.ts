/** When a delivery is attempted: the wait before each attempt, in s. The first is due at once. */
export const SCHEDULE_S = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;

/** Each wait is drawn from 20 % below to 20 % above. */
const SPREAD = 0.2;

/** A receiver may ask for up to this many times the wait. */
const MOST_RETRY_AFTER = 2;

/**
 * The wait before the next attempt, in s; null after the last one.
 *
 * @param attempts attempts so far, the failed one included
 * @param retryAfterS what the receiver asks for (`Retry-After`): honoured if it is longer, within limits
 */
export function nextWaitS(attempts: number, retryAfterS = 0, random: () => number = Math.random): number | null {
  const waitS = SCHEDULE_S[attempts];
  if (waitS === undefined) return null;
  const drawn = waitS * (1 - SPREAD + 2 * SPREAD * random());
  return Math.max(drawn, Math.min(retryAfterS, MOST_RETRY_AFTER * waitS));
}

/** `Retry-After` in s, given as seconds or as a date; 0 if it is absent or neither. */
export function retryAfterS(value: string | null, now = Date.now()): number {
  if (value === null) return 0;
  const seconds = /^\d{1,9}$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}
