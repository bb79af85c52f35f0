import createFetchClient from 'openapi-fetch';
import type { components, paths } from './generated/schema.js';
import { isProblem, pause, retryAfter, type Sender, sendPatiently } from './patience.js';
import { readEvents } from './sse.js';

export type Session = components['schemas']['Session'];
export type Problem = components['schemas']['Problem'];

export interface ClientOptions extends Sender {
  baseUrl: string;
}

export interface CallOptions {
  signal?: AbortSignal;
}

export interface OpenOptions extends CallOptions {
  products?: Session['products'];
  metadata?: Session['metadata'];
  /** Seconds (at most 30) that the server may hold its reply until the session is settled. */
  wait?: number;
}

/** The server refused; `problem.code` is from a closed list. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  constructor(
    readonly problem: Problem,
    readonly status: number,
  ) {
    super(`${problem.code}: ${problem.detail} (${problem.requestId})`);
  }
}

/** The session got no token. Where `failure.retryable` is true, opening its room again may help. */
export class SessionFailed extends Error {
  override readonly name = 'SessionFailed';
  constructor(readonly session: Session) {
    super(`${session.id} failed: ${session.failure?.detail ?? 'no reason was given'}`);
  }
}

/** Whether the session was closed or has expired: open its room again, and let everybody connect with the new token. */
export function isGone(error: unknown): boolean {
  return error instanceof ProblemError && error.status === 410;
}

const HELD_S = 25;
/** Three heartbeats of the server. */
const SILENCE_MS = 45_000;

/** A client of one server. Every call retries by itself what may succeed later, a few times, and throws otherwise. */
export function createClient(options: ClientOptions) {
  const send = (request: Request) => sendPatiently(request, options);
  const api = createFetchClient<paths>({ baseUrl: options.baseUrl, fetch: send });

  return {
    /** The room's live session, made if there is none. */
    openRoom: (room: string, { products, metadata, wait, signal }: OpenOptions = {}): Promise<Session> => {
      const params = { path: { room }, ...(wait !== undefined && { header: { Prefer: `wait=${wait}` } }) };
      return dataOf(
        api.PUT('/v1/rooms/{room}/session', { params, body: bodyOf(products, metadata), ...given(signal) }),
      );
    },

    /** A session without a room. `idempotencyKey` makes it safe to call again, also after a crash; made up if absent. */
    createSession: (options: OpenOptions & { idempotencyKey?: string } = {}): Promise<Session> => {
      const { products, metadata, wait, signal, idempotencyKey = crypto.randomUUID() } = options;
      const header = { 'Idempotency-Key': idempotencyKey, ...(wait !== undefined && { Prefer: `wait=${wait}` }) };
      const body = bodyOf(products, metadata);
      return dataOf(api.POST('/v1/sessions', { params: { header }, body, ...given(signal) }));
    },

    read: (tokenId: string, { signal }: CallOptions = {}): Promise<Session> =>
      dataOf(api.GET('/v1/sessions/{tokenId}', { params: { path: { tokenId } }, ...given(signal) })),

    /** The session once it is ready. Throws SessionFailed, or a TimeoutError after `timeoutMs` (60,000). */
    waitUntilReady: async (session: Session | string, options: CallOptions & { timeoutMs?: number } = {}) => {
      const limits = [AbortSignal.timeout(options.timeoutMs ?? 60_000), options.signal].filter((s) => s !== undefined);
      const signal = AbortSignal.any(limits);
      const path = { tokenId: typeof session === 'string' ? session : session.id };
      const params = { path, header: { Prefer: `wait=${HELD_S}` } };
      for (;;) {
        const call = await api.GET('/v1/sessions/{tokenId}', { params, signal });
        const now = await dataOf(call);
        if (now.status === 'ready') return now;
        if (now.status === 'failed') throw new SessionFailed(now);
        // A server that holds too many requests already answers at once.
        await pause(retryAfter(call.response) ?? 1000, signal);
      }
    },

    /**
     * The session now and after each change, without tokens; states in between may be skipped. Connects again by
     * itself, and ends after `closed` or `expired`. Throws a problem for which `isGone` holds if that was missed, and
     * what it got last if the server stays away.
     */
    watch: async function* (tokenId: string, { signal }: CallOptions = {}): AsyncGenerator<Session, void, undefined> {
      const url = `${options.baseUrl.replace(/\/$/, '')}/v1/sessions/${encodeURIComponent(tokenId)}/events`;
      for (let seen = ''; ;) {
        const headers = { accept: 'text/event-stream', ...(seen !== '' && { 'last-event-id': seen }) };
        const response = await send(new Request(url, { headers, ...given(signal) }));
        if (!response.ok || !response.body) throw errorOf(response, await response.json().catch(() => undefined));
        for await (const { id, type, data } of readEvents(response.body, SILENCE_MS)) {
          seen = id;
          if (type !== 'session') continue;
          const session = JSON.parse(data) as Session;
          yield session;
          if (session.status === 'closed' || session.status === 'expired') return;
        }
        await pause(retryAfter(response) ?? 500, signal);
      }
    },

    /** Ends the session for everybody's next read; who is connected already stays so. */
    close: (tokenId: string, { signal }: CallOptions = {}): Promise<void> =>
      dataOf<undefined>(api.DELETE('/v1/sessions/{tokenId}', { params: { path: { tokenId } }, ...given(signal) })),
  };
}

export type AuthClient = ReturnType<typeof createClient>;

async function dataOf<T>(call: Promise<Result<T>> | Result<T>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw errorOf(response, error);
  return data as T;
}

interface Result<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

function errorOf({ status }: Response, body: unknown): Error {
  if (isProblem(body)) return new ProblemError(body, status);
  return new Error(`Something between here and the server answered ${status}`);
}

const given = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });

const bodyOf = (products: OpenOptions['products'], metadata: OpenOptions['metadata']) => ({
  ...(products !== undefined && { products }),
  ...(metadata !== undefined && { metadata }),
});
