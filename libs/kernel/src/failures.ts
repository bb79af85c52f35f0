/** Why a session failed, as clients see it. A failure is a state of a session, never an HTTP error. */
export const FAILURES = {
  'cas-unavailable': { detail: 'The token service did not answer in time.', retryable: true },
  'cas-bad-reply': { detail: 'The token service answered something that is not a usable token.', retryable: true },
  'deadline-exceeded': { detail: 'No token could be obtained before the deadline.', retryable: true },
  'cas-rejected': { detail: 'The token service refused the request.', retryable: false },
  'cas-credentials-rejected': { detail: 'The token service refused this server.', retryable: false },
} as const satisfies Record<string, { detail: string; retryable: boolean }>;

export type FailureCode = keyof typeof FAILURES;

export const FAILURE_CODES = Object.keys(FAILURES) as FailureCode[];

/** Codes of failures that opening the room again may cure. */
export const RETRYABLE_FAILURES = FAILURE_CODES.filter((code) => FAILURES[code].retryable);

/** Codes of what CAS refuses for good. */
export const TERMINAL_FAILURES = FAILURE_CODES.filter((code) => !FAILURES[code].retryable);
