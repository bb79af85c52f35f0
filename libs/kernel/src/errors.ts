/**
 * An error of our own: its `code` is stable, its message is fixed text, and whatever foreign error lies behind it is
 * kept as `cause`, for the log only. Decisions are made by class or code, never by reading a message.
 */
export abstract class CodedError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A store that this process needs (database, queue) does not answer now. The same call may succeed later. */
export class StoreUnavailableError extends CodedError {
  readonly code = 'store-unavailable';

  constructor(
    readonly store: 'database' | 'queue',
    options?: { cause?: unknown },
  ) {
    super(`The ${store} does not answer`, options);
  }
}

/** A process cannot start: what it needs is missing for too long, or is not as it must be. The text is for operators. */
export class StartupError extends CodedError {
  readonly code = 'cannot-start';
}
