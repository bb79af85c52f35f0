import type { components } from './generated/schema.js';

type Problem = components['schemas']['Problem'];

/** Over some ten seconds: long enough for a server to be restarted. */
const TRIES = 6;
const FIRST_PAUSE_MS = 300;
/** Whoever is told to wait for longer gets the refusal instead, and decides. */
const LONGEST_PAUSE_MS = 30_000;
/** What a proxy answers by itself when it does not reach the server. */
const FROM_A_PROXY = [502, 503, 504];

export interface Sender {
  /** An API key or a person's JWT; as a function it is asked before every request. */
  credential: string | (() => string | Promise<string>);
  fetch?: (request: Request) => Promise<Response>;
}

/** Sends it until there is a reply that no further try would change, or the tries are used up. */
export async function sendPatiently(request: Request, { credential, fetch: send = fetch }: Sender): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const attempt = request.clone();
    // Asked anew each time: a person's token may have ended meanwhile.
    const secret = typeof credential === 'string' ? credential : await credential();
    attempt.headers.set('authorization', `Bearer ${secret}`);
    const isLast = tries === TRIES;
    const response = await send(attempt).catch((error: unknown) => {
      if (isLast || request.signal.aborted) throw error;
      return undefined;
    });
    const wait = Math.max(retryAfter(response) ?? 0, FIRST_PAUSE_MS * 2 ** (tries - 1));
    if (response && (isLast || wait > LONGEST_PAUSE_MS || !(await mayChange(response)))) return response;
    await pause(wait, request.signal);
  }
}

async function mayChange(response: Response): Promise<boolean> {
  if (response.ok) return false;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return isProblem(body) ? body.retryable : FROM_A_PROXY.includes(response.status);
}

export function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'retryable' in body;
}

/** `Retry-After` in ms, as seconds or as a date; undefined when there is none. */
export function retryAfter(response: Response | undefined): number | undefined {
  const value = response?.headers.get('retry-after');
  if (value === null || value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** At least `ms`, and up to half as much again: those who were sent away together do not come back together. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', give);
        resolve();
      },
      ms * (1 + Math.random() / 2),
    );
    if (signal?.aborted) give();
    else signal?.addEventListener('abort', give, { once: true });
  });
}
