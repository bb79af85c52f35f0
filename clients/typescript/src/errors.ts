import type { ChatToken, Problem, Session } from './types.js';

/** The server rejected the request; `problem.code` is from a closed list. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(
    readonly problem: Problem,
    readonly status: number,
    /** Of a session that has ended: the TokenID of its room's newer session, if the credential may follow: with `rooms:open`, or as a ticket for the room. */
    readonly successor?: string,
  ) {
    super(`${problem.code}: ${problem.detail} (${problem.requestId})`);
  }
}

/** No response: the connection was refused or broke, or the name does not resolve. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** Of the request that failed. */
  readonly url: string;
  /** The code of the cause, such as `ECONNREFUSED`. Browsers do not reveal one. */
  readonly code: string | undefined;

  constructor({ method, url }: Request, attempts: number, cause: unknown) {
    const { origin, pathname } = new URL(url);
    const { code, reason } = reasonOf(cause);
    const times = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
    super(`No response from ${origin}: ${reason} (${method} ${withoutUser(pathname)}, ${times})`, { cause });
    this.url = url;
    this.code = code;
  }
}

/** The session failed and has no token. If `failure.retryable` is true, opening its room again may succeed. */
export class SessionFailedError extends Error {
  override readonly name = 'SessionFailedError';
  constructor(readonly session: Session) {
    super(`${session.id} failed: ${session.failure?.detail ?? 'no reason given'}`);
  }
}

/** The chat token failed. If `failure.retryable` is true, asking again may succeed. */
export class ChatTokenFailedError extends Error {
  override readonly name = 'ChatTokenFailedError';
  constructor(readonly chatToken: ChatToken) {
    super(`The chat token failed: ${chatToken.failure?.detail ?? 'no reason given'}`);
  }
}

/** The session is ready, but the credential lacks the scope `tokens:read`. */
export class TokensWithheldError extends Error {
  override readonly name = 'TokensWithheldError';
  constructor(readonly session: Session) {
    super(`${session.id} is ready, but the credential lacks the scope tokens:read`);
  }
}

/** Whether the session was closed or has expired: open its room again, and connect all clients with the new token. */
export function isGone(error: unknown): boolean {
  return error instanceof ProblemError && error.status === 410;
}

/** Messages are logged, and the path of a chat token names its user. */
function withoutUser(pathname: string): string {
  return pathname.replace(/(\/chat-tokens\/).+/, '$1…');
}

interface Failure {
  code?: unknown;
  message?: string;
  cause?: Failure;
}

/** Node reports every failure as `fetch failed`, with the actual error as its cause. */
function reasonOf(error: unknown): { code: string | undefined; reason: string } {
  if (typeof error !== 'object' || error === null) return { code: undefined, reason: String(error) };
  const failure: Failure = error;
  const { cause = failure } = failure;
  const code = typeof cause.code === 'string' ? cause.code : undefined;
  return { code, reason: code ?? cause.message ?? 'unknown' };
}
