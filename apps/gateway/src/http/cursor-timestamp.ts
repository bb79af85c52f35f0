const MICROSECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/**
 * Whether this is a time as our pages end with it: to the microsecond, in UTC, and one that there is. `Date` takes 30
 * February for 2 March; Postgres, which is to compare it, refuses it, and knows no year 0.
 */
export function isCursorTimestamp(text: string): boolean {
  if (!MICROSECONDS.test(text) || text.startsWith('0000')) return false;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 19) === text.slice(0, 19);
}
