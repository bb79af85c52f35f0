/**
 * Every code that a problem document may carry: a closed list, part of the API. `retryable` means that the same request
 * may succeed later without being changed.
 */
export const PROBLEMS = {
  malformed: { status: 400, title: 'The request is malformed', retryable: false },
  unauthenticated: { status: 401, title: 'A valid credential is required', retryable: false },
  'insufficient-scope': { status: 403, title: 'The credential does not have the required scope', retryable: false },
  'admission-denied': { status: 403, title: 'The request was not admitted', retryable: false },
  'origin-not-allowed': { status: 403, title: 'Pages of this origin may not make this request', retryable: false },
  'not-found': { status: 404, title: 'Resource not found', retryable: false },
  'method-not-allowed': { status: 405, title: 'Method not allowed', retryable: false },
  'request-timeout': { status: 408, title: 'The request was not received in time', retryable: true },
  'products-differ': { status: 409, title: "The room's session has different products", retryable: false },
  'name-taken': { status: 409, title: 'The name is taken in this session', retryable: false },
  'session-full': { status: 409, title: 'The session has no room for another participant', retryable: false },
  'session-not-ready': { status: 409, title: 'The session is not ready', retryable: true },
  'webhook-limit-reached': { status: 409, title: 'There are as many webhooks as there can be', retryable: false },
  'webhook-secret-rotated': { status: 409, title: 'The secret was replaced within 24 hours', retryable: false },
  'webhook-disabled': { status: 409, title: 'The webhook is disabled', retryable: false },
  'session-closed': { status: 410, title: 'The session was closed', retryable: false },
  'session-expired': { status: 410, title: 'The session has expired', retryable: false },
  'body-too-large': { status: 413, title: 'The body is too large', retryable: false },
  'uri-too-long': { status: 414, title: 'The URI is too long', retryable: false },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json', retryable: false },
  'validation-failed': { status: 422, title: 'The request failed validation', retryable: false },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key was already used with a different body',
    retryable: false,
  },
  'rate-limited': { status: 429, title: 'Too many requests', retryable: true },
  'headers-too-large': { status: 431, title: 'The headers are too large', retryable: false },
  internal: { status: 500, title: 'Internal server error', retryable: true },
  unavailable: { status: 503, title: 'The service is temporarily unavailable', retryable: true },
  overloaded: { status: 503, title: 'The service is overloaded', retryable: true },
  draining: { status: 503, title: 'This server is shutting down', retryable: true },
  'admission-unavailable': { status: 503, title: 'The admission service is unavailable', retryable: true },
} as const satisfies Record<string, { status: number; title: string; retryable: boolean }>;

export type ProblemCode = keyof typeof PROBLEMS;

export const PROBLEM_CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];
