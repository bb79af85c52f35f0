/**
 * Base class of this project's errors. The `code` is stable, the message is fixed text, and an underlying error is kept
 * as `cause`, for the log only. Code branches on the class or the code, never on a message.
 */
export abstract class CodedError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The database or the queue is unavailable. The same call may succeed later. */
export class StoreUnavailableError extends CodedError {
  readonly code = 'store-unavailable';

  constructor(
    readonly store: 'database' | 'queue',
    options?: { cause?: unknown },
  ) {
    super(`The ${store} is unavailable`, options);
  }
}

/** The process cannot start: a dependency is unavailable or the configuration is invalid. The text is for operators. */
export class StartupError extends CodedError {
  readonly code = 'cannot-start';
}
