import { CodedError } from '@app/kernel';

/** A call that returned no token. Messages are fixed texts: nothing sent by the vendor leaves this library. */
export abstract class CasError extends CodedError {
  abstract override readonly code:
    'cas-unavailable' | 'cas-bad-reply' | 'cas-credentials-rejected' | 'cas-rejected' | 'cas-call-aborted';
  /** The status of the response; absent if there was none. */
  status?: number;
}

/** No complete response in time, a transport error (kept as `cause`), 408, 425, 429 or 5xx. Retryable. */
export class CasUnavailableError extends CasError {
  readonly code = 'cas-unavailable';

  /** The `Retry-After` of the response, in ms, between 1,000 and 60,000; absent if there was none. */
  readonly retryAfterMs?: number;

  constructor(options: { retryAfterMs?: number | undefined; cause?: unknown } = {}, message = 'CAS is unavailable') {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** 429: the call was rate limited. Does not count as a failure of CAS. */
export class CasRateLimitedError extends CasUnavailableError {
  constructor(options: { retryAfterMs?: number | undefined } = {}) {
    super(options, 'CAS rate limit exceeded');
  }
}

/** CAS rejected the credentials while their files were changing, so key and secret may not belong together. */
export class CasCredentialsRotatingError extends CasUnavailableError {
  constructor() {
    super({}, 'CAS rejected credentials that are being replaced');
  }
}

const BAD_REPLIES = {
  'not-http': 'The CAS response is not valid HTTP',
  'unexpected-status': 'The CAS response has an unexpected status',
  redirect: 'CAS redirected to another origin, without a valid location, or twice',
  encoded: 'The CAS response has an unrequested content encoding',
  'too-big': 'The CAS response body exceeds 64 KiB',
  'not-json': 'The CAS response is not valid JSON',
  'no-token': 'The CAS response contains no token',
  'not-a-jwt': 'The token in the CAS response is not a JWT',
  expired: 'The token in the CAS response has already expired',
} as const;

export type BadReply = keyof typeof BAD_REPLIES;

/** A response without a usable token, for the given `reason`. Retryable. */
export class CasBadReplyError extends CasError {
  readonly code = 'cas-bad-reply';

  constructor(readonly reason: BadReply) {
    super(BAD_REPLIES[reason]);
  }
}

/** 401 or 403: the credentials are wrong or revoked. Not retryable. */
export class CasCredentialsRejectedError extends CasError {
  readonly code = 'cas-credentials-rejected';

  constructor() {
    super('CAS rejected the credentials of this server');
  }
}

/** Any other 4xx. Not retryable. */
export class CasRejectedError extends CasError {
  readonly code = 'cas-rejected';

  constructor() {
    super('CAS rejected the call');
  }
}

/** The call was aborted by the caller or by a shutdown, which says nothing about CAS. */
export class CasCallAbortedError extends CasError {
  readonly code = 'cas-call-aborted';

  constructor() {
    super('The CAS call was aborted');
  }
}
