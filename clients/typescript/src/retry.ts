import { ConnectionError } from './errors.js';
import type { Problem } from './types.js';

/** Over about ten seconds: long enough for a server to restart. */
const ATTEMPTS = 6;
/** Until the server has responded once: a wrong address is reported within half a second. */
const ATTEMPTS_BEFORE_FIRST_RESPONSE = 2;
const FIRST_DELAY_MS = 300;
/** If the server asks for a longer delay, the caller gets the response and decides. */
const LONGEST_DELAY_MS = 30_000;
/** Sent by proxies that cannot reach the server. */
const PROXY_STATUSES = [502, 503, 504];

export interface SenderOptions {
  /** An API key, a user's JWT or a ticket; a function is called before every request. */
  credential: string | (() => string | Promise<string>);
  fetch?: (request: Request) => Promise<Response>;
}

/** Sends requests of one client to its server. */
export class Sender {
  private hasResponded = false;

  constructor(private readonly options: SenderOptions) {}

  /**
   * Repeats the request until a response arrives that another attempt would not change, or the attempts are used up.
   *
   * @throws ConnectionError
   */
  async send(request: Request): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.attempt(request, attempt);
      const delay = Math.max(retryAfter(response) ?? 0, FIRST_DELAY_MS * 2 ** (attempt - 1));
      const isLast = attempt === ATTEMPTS || delay > LONGEST_DELAY_MS;
      if (response && (isLast || !(await isRetryable(response)))) return response;
      await sleep(delay, request.signal);
    }
  }

  /** For what must not happen twice: sends the request once. @throws ConnectionError */
  async sendOnce(request: Request): Promise<Response> {
    const response = await this.attempt(request, ATTEMPTS);
    if (response === undefined) throw new Error('an attempt without a response must throw');
    return response;
  }

  /** Undefined if the connection failed and there are attempts left. */
  private async attempt(request: Request, attempt: number): Promise<Response | undefined> {
    const { credential, fetch: send = fetch } = this.options;
    const copy = request.clone();
    // For each attempt: a user's token may have expired meanwhile.
    const secret = typeof credential === 'string' ? credential : await credential();
    copy.headers.set('authorization', `Bearer ${secret}`);
    try {
      const response = await send(copy);
      this.hasResponded = true;
      return response;
    } catch (error) {
      if (request.signal.aborted) throw error;
      const attempts = this.hasResponded ? ATTEMPTS : ATTEMPTS_BEFORE_FIRST_RESPONSE;
      if (attempt >= attempts) throw new ConnectionError(request, attempt, error);
      return undefined;
    }
  }
}

async function isRetryable(response: Response): Promise<boolean> {
  if (response.ok) return false;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return isProblem(body) ? body.retryable : PROXY_STATUSES.includes(response.status);
}

export function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'retryable' in body;
}

/** `Retry-After` in ms, given as seconds or as a date; undefined if there is none. */
export function retryAfter(response: Response | undefined): number | undefined {
  const value = response?.headers.get('retry-after');
  if (value === null || value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** At least `ms`, and up to half as long again, so that clients rejected together do not return together. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      },
      ms * (1 + Math.random() / 2),
    );
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
