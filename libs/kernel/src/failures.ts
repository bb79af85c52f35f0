/** Why a session failed, as shown to clients. A failure is a session state, never an HTTP error. */
export const FAILURES = {
  'cas-unavailable': { detail: 'The token service did not answer in time.', retryable: true },
  'cas-bad-reply': { detail: 'The token service returned no usable token.', retryable: true },
  'deadline-exceeded': { detail: 'No token could be obtained before the deadline.', retryable: true },
  'cas-rejected': { detail: 'The token service rejected the request.', retryable: false },
  'cas-credentials-rejected': {
    detail: 'The token service rejected the credentials of this server.',
    retryable: false,
  },
} as const satisfies Record<string, { detail: string; retryable: boolean }>;

export type FailureCode = keyof typeof FAILURES;

export const FAILURE_CODES = Object.keys(FAILURES) as FailureCode[];

/** Codes of failures that are retried when the room is opened again. */
export const RETRYABLE_FAILURES = FAILURE_CODES.filter((code) => FAILURES[code].retryable);
