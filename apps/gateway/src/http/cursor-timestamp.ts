const MICROSECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/**
 * Whether this is a timestamp as cursors carry it: UTC with microseconds, and a valid date. `Date` accepts 30 February
 * as 2 March; Postgres rejects it, and has no year 0.
 */
export function isCursorTimestamp(text: string): boolean {
  if (!MICROSECONDS.test(text) || text.startsWith('0000')) return false;
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 19) === text.slice(0, 19);
}
