/** `LOG_REQUESTS`. */
export type LoggedRequests = 'all' | 'errors' | 'off';

/** What callers were not allowed to do, or not in this form or at this moment: an operator is asked about these. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 409, 422, 429]);

/** Whether a request with this status has a line in the log. Refusals and faults always have one. */
export function isLogged(logged: LoggedRequests, status: number): boolean {
  if (logged === 'all' || status >= 500 || REFUSALS.has(status)) return true;
  return logged === 'errors' && status >= 400;
}
