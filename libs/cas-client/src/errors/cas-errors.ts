import { CodedError } from '@app/kernel';

/** Whatever can come of a call but a token. Texts are fixed: nothing that the vendor wrote gets past this library. */
export abstract class CasError extends CodedError {
  abstract override readonly code:
    'cas-unavailable' | 'cas-bad-reply' | 'cas-credentials-rejected' | 'cas-rejected' | 'cas-call-aborted';
}

/** No whole answer in time, a broken transport (then with its `cause`), 408, 425, 429 or 5xx. Trying later may help. */
export class CasUnavailableError extends CasError {
  readonly code = 'cas-unavailable';

  /** How long CAS wants to be left alone, in ms, between 1,000 and 60,000; absent when it did not say. */
  readonly retryAfterMs?: number;

  constructor(options: { retryAfterMs?: number | undefined; cause?: unknown } = {}, message = 'CAS is not available') {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** 429: CAS is there, but wants fewer calls. */
export class CasRateLimitedError extends CasUnavailableError {
  constructor(options: { retryAfterMs?: number | undefined } = {}) {
    super(options, 'CAS asks for fewer calls');
  }
}

/** CAS refused the credentials while their files change: these may be half new. */
export class CasCredentialsRotatingError extends CasUnavailableError {
  constructor() {
    super({}, 'CAS refused credentials that are being replaced');
  }
}

const BAD_REPLIES = {
  'not-http': 'CAS answered something that is not HTTP',
  'unexpected-status': 'CAS answered with a status that means nothing here',
  redirect: 'CAS redirected to another origin, nowhere, or twice',
  encoded: 'CAS answered with an encoded body, which was not asked for',
  'too-big': 'CAS answered with a body over 64 KiB',
  'not-json': 'CAS answered something that is not JSON',
  'no-token': 'CAS answered without a token',
  'not-a-jwt': 'CAS answered with a token that is not a JWT',
  expired: 'CAS answered with a token that is already expired',
} as const;

export type BadReply = keyof typeof BAD_REPLIES;

/** An answer that holds no usable token; `reason` says why. Trying later may help. */
export class CasBadReplyError extends CasError {
  readonly code = 'cas-bad-reply';

  constructor(readonly reason: BadReply) {
    super(BAD_REPLIES[reason]);
  }
}

/** 401 or 403: key and secret are wrong or were withdrawn. No repetition helps. */
export class CasCredentialsRejectedError extends CasError {
  readonly code = 'cas-credentials-rejected';

  constructor() {
    super('CAS refused the credentials of this server');
  }
}

/** Any other 4xx: CAS does not understand the call. No repetition helps. */
export class CasRejectedError extends CasError {
  readonly code = 'cas-rejected';

  constructor() {
    super('CAS refused the call');
  }
}

/** The caller gave up, or this process is shutting down. It says nothing about CAS. */
export class CasCallAbortedError extends CasError {
  readonly code = 'cas-call-aborted';

  constructor() {
    super('The call to CAS was given up');
  }
}
