import createFetchClient from 'openapi-fetch';
import { ChatTokenFailedError, ProblemError, SessionFailedError, TokensWithheldError } from './errors.js';
import type { components, paths } from './generated/schema.js';
import { openAll, type OpenedRoom } from './open-rooms.js';
import { isProblem, retryAfter, Sender, type SenderOptions, sleep } from './retry.js';
import { type HeldSeat, holdSeat } from './seats.js';
import { readEvents } from './sse.js';
import {
  type ChatToken,
  isReady,
  type Product,
  type ProductsIn,
  type ReadyChatToken,
  type ReadySession,
  type Seat,
  type Session,
  type Ticket,
  type TicketScope,
} from './types.js';

export {
  ChatTokenFailedError,
  ConnectionError,
  isGone,
  ProblemError,
  SessionFailedError,
  TokensWithheldError,
} from './errors.js';
export type { OpenedRoom } from './open-rooms.js';
export type { HeldSeat } from './seats.js';
export {
  type ChatToken,
  isReady,
  type Problem,
  type Product,
  type ReadyChatToken,
  type ReadySession,
  type Session,
  type Ticket,
  type TicketScope,
  type Tokens,
} from './types.js';

export interface ClientOptions extends SenderOptions {
  /** Of the server, such as `https://auth.example.com`. */
  baseUrl: string;
}

export interface CallOptions {
  signal?: AbortSignal;
}

export interface OpenOptions<List extends readonly Product[] = readonly Product[]> extends CallOptions {
  /** The server's default if absent. */
  products?: List;
  /** JSON, up to 4 KiB. The room keeps that of its first creator. */
  metadata?: Session['metadata'];
  /** Seconds (from 5) after which a session that is not ready counts as failed. The server's setting if absent. */
  readyWithinS?: number;
  /** Seconds (at most 30) that the server may hold the response until the session is settled. */
  wait?: number;
}

export interface OpenManyOptions extends OpenOptions {
  /** Requests at one time, 50 by default. */
  concurrency?: number;
}

export interface TicketOptions extends CallOptions {
  /** Your id of the person that gets the ticket. */
  subject: string;
  /** The name to show. */
  name?: string;
  /** Seconds until the ticket expires, up to a day; 900 by default. */
  ttlS?: number;
  /** By default `sessions:read`, `tokens:read` and `seats:take`, as far as the API key has them. */
  scopes?: TicketScope[];
}

/** What a ticket is for: one session, or all sessions of a room. */
export type TicketPlace = { tokenId: string } | { room: string };

export interface WatchOptions extends CallOptions {
  /**
   * Called once, when the session will expire soon: by default ten minutes before `session.expiresAt`. Its token stays as
   * it is until then. At that time open the room again, and connect all clients with the new token.
   */
  onExpiring?: (session: Session) => void;
  /** Called with the number of seats that are held, after changes. */
  onSeats?: (counts: { participants: number; viewers: number }) => void;
}

export interface WaitOptions extends CallOptions {
  /** 60,000 by default. */
  timeoutMs?: number;
}

export interface SeatOptions extends CallOptions {
  /** To be passed to the SDK. */
  name: string;
  role: Seat['role'];
  /**
   * Called if the seat can no longer be renewed: its session has ended (`isGone`), the credential has, or the server was
   * unavailable for too long. Nothing happens by itself: the SDK stays connected.
   */
  onLost?: (reason: Error) => void;
}

const WAIT_S = 25;
/** Three heartbeats of the server. */
const SILENCE_MS = 45_000;

/** A client of one server. Every call retries what may succeed later, within limits, and throws otherwise. */
export function createClient(options: ClientOptions) {
  const sender = new Sender(options);
  const send = (request: Request) => sender.send(request);
  const api = createFetchClient<paths>({ baseUrl: options.baseUrl, fetch: send });

  async function waitUntilReady<S extends Session>(session: S, options?: WaitOptions): Promise<S & ReadySession>;
  async function waitUntilReady(tokenId: string, options?: WaitOptions): Promise<ReadySession>;
  async function waitUntilReady(session: Session | string, options: WaitOptions = {}): Promise<ReadySession> {
    const signal = limited(options);
    const path = { tokenId: typeof session === 'string' ? session : session.id };
    const params = { path, header: { Prefer: `wait=${WAIT_S}` } };
    for (;;) {
      const call = await api.GET('/v1/sessions/{tokenId}', { params, signal });
      const current = await dataOf<Session>(call);
      if (isReady(current)) return current;
      if (current.status === 'ready') throw new TokensWithheldError(current);
      if (current.status === 'failed') throw new SessionFailedError(current);
      // A server that already holds too many requests responds immediately.
      await sleep(retryAfter(call.response) ?? 1000, signal);
    }
  }

  async function chatToken(subject = 'me', options: WaitOptions = {}): Promise<ReadyChatToken> {
    const signal = limited(options);
    const params = { path: { subject }, header: { Prefer: `wait=${WAIT_S}` } };
    for (;;) {
      const call = await api.PUT('/v1/chat-tokens/{subject}', { params, signal });
      const current = await dataOf<ChatToken>(call);
      if (current.status === 'ready') return current as ReadyChatToken;
      if (current.status === 'failed') throw new ChatTokenFailedError(current);
      // Pending, or ended meanwhile: the next call creates another one.
      await sleep(retryAfter(call.response) ?? 1000, signal);
    }
  }

  function openRoom<const List extends readonly Product[] = readonly []>(
    room: string,
    { wait, signal, ...opening }: OpenOptions<List> = {},
  ): Promise<Session<ProductsIn<List>>> {
    const params = { path: { room }, ...(wait !== undefined && { header: { Prefer: `wait=${wait}` } }) };
    return dataOf<Session<ProductsIn<List>>>(
      api.PUT('/v1/rooms/{room}/session', { params, body: bodyOf(opening), ...given(signal) }),
    );
  }

  return {
    /** The room's live session, created if there is none. */
    openRoom,

    /**
     * Opens many rooms, as before a match: yields each with its session, or with the error that it got, in the order in
     * which they are done. Safe to repeat: rooms that are open keep their session.
     */
    openRooms: (
      rooms: Iterable<string>,
      { concurrency = 50, ...opening }: OpenManyOptions = {},
    ): AsyncGenerator<OpenedRoom, void, undefined> =>
      openAll(rooms, concurrency, (room) => openRoom(room, opening), opening.signal),

    /** A session without a room. `idempotencyKey` makes the call safe to repeat, also after a crash; generated if absent. */
    createSession: <const List extends readonly Product[] = readonly []>(
      options: OpenOptions<List> & { idempotencyKey?: string } = {},
    ): Promise<Session<ProductsIn<List>>> => {
      const { wait, signal, idempotencyKey = crypto.randomUUID(), ...opening } = options;
      const header = { 'Idempotency-Key': idempotencyKey, ...(wait !== undefined && { Prefer: `wait=${wait}` }) };
      const body = bodyOf(opening);
      return dataOf<Session<ProductsIn<List>>>(
        api.POST('/v1/sessions', { params: { header }, body, ...given(signal) }),
      );
    },

    read: (tokenId: string, { signal }: CallOptions = {}): Promise<Session> =>
      dataOf<Session>(api.GET('/v1/sessions/{tokenId}', { params: { path: { tokenId } }, ...given(signal) })),

    /**
     * The session with its tokens, once it is ready.
     *
     * @throws SessionFailedError; TokensWithheldError; a TimeoutError after `timeoutMs`; a problem for which `isGone` holds
     */
    waitUntilReady,

    /**
     * The current session and the session after each change, without tokens; intermediate states may be skipped.
     * Reconnects, and ends after `closed` or `expired`: `successor` is then the room's newer session, if there is one and
     * the credential has `rooms:open` or is a ticket for the room. Throws a problem for which `isGone` holds if that was missed,
     * and the last error if the server remains unavailable.
     */
    watch: async function* (
      tokenId: string,
      { signal, onExpiring, onSeats }: WatchOptions = {},
    ): AsyncGenerator<Session, void, undefined> {
      let told = false;
      const url = `${options.baseUrl.replace(/\/$/, '')}/v1/sessions/${encodeURIComponent(tokenId)}/events`;
      for (let lastId = ''; ;) {
        const headers = { accept: 'text/event-stream', ...(lastId !== '' && { 'last-event-id': lastId }) };
        const response = await send(new Request(url, { headers, ...given(signal) }));
        if (!response.ok || !response.body) throw errorOf(response, await response.json().catch(() => undefined));
        for await (const { id, event, data } of readEvents(response.body, SILENCE_MS)) {
          lastId = id ?? lastId;
          if (event === 'seats') onSeats?.(JSON.parse(data) as { participants: number; viewers: number });
          // Repeated after each connection.
          if (event === 'expiring' && !told) {
            told = true;
            onExpiring?.(JSON.parse(data) as Session);
          }
          if (event !== 'session') continue;
          const session = JSON.parse(data) as Session;
          yield session;
          if (session.status === 'closed' || session.status === 'expired') return;
        }
        await sleep(retryAfter(response) ?? 500, signal);
      }
    },

    /**
     * Closes the session and opens the next generation of its room, with the same products and metadata: the one way to
     * remove a participant. If the session has ended already, throws a problem for which `isGone` holds; its `successor`
     * is the room's newer session, also if that is the result of this call whose response was lost.
     */
    rotate: (tokenId: string, { wait, signal }: CallOptions & Pick<OpenOptions, 'wait'> = {}): Promise<Session> => {
      const params = { path: { tokenId }, ...(wait !== undefined && { header: { Prefer: `wait=${wait}` } }) };
      return dataOf<Session>(api.POST('/v1/sessions/{tokenId}/rotate', { params, ...given(signal) }));
    },

    /**
     * Takes a seat in a ready session, and renews it until `leave()`. A name that is taken throws a problem `name-taken`, whose
     * `suggestion` was free; `session-full` means that there is room for viewers only. It is sent once: after a lost response
     * the name may be taken by this very call, for a minute.
     */
    takeSeat: async (tokenId: string, { name, role, signal, onLost }: SeatOptions): Promise<HeldSeat> => {
      const takenAt = performance.now();
      const params = { path: { tokenId } };
      const taken = api.POST('/v1/sessions/{tokenId}/seats', {
        params,
        body: { name, role },
        ...given(signal),
        fetch: (request) => sender.sendOnce(request),
      });
      const seat = await dataOf<Seat>(taken);
      const path = { tokenId, seatId: seat.id };
      return holdSeat(seat, takenAt, {
        renew: (signal) => dataOf<Seat>(api.PUT('/v1/sessions/{tokenId}/seats/{seatId}', { params: { path }, signal })),
        free: () => dataOf<undefined>(api.DELETE('/v1/sessions/{tokenId}/seats/{seatId}', { params: { path } })),
        onLost: onLost ?? (() => undefined),
      });
    },

    /**
     * A credential that a browser may hold, for one person and one session or room. For servers: it takes an API key with
     * the scope `tickets:issue`.
     */
    issueTicket: (place: TicketPlace, { signal, ...body }: TicketOptions): Promise<Ticket> =>
      'room' in place
        ? dataOf<Ticket>(
            api.POST('/v1/rooms/{room}/tickets', { params: { path: { room: place.room } }, body, ...given(signal) }),
          )
        : dataOf<Ticket>(
            api.POST('/v1/sessions/{tokenId}/tickets', {
              params: { path: { tokenId: place.tokenId } },
              // A scope for rooms is refused by the server.
              body: body as SessionTicketBody,
              ...given(signal),
            }),
          ),

    /**
     * The user's token of the public chat, once it is ready: the same one until it expires. With a user's JWT it is that
     * user's (`me`); with an API key name the user whom your backend has authenticated.
     *
     * @throws ChatTokenFailedError; a TimeoutError after `timeoutMs`
     */
    chatToken,

    /** Closes the session for every later read; clients that are already connected stay connected. */
    close: (tokenId: string, { signal }: CallOptions = {}): Promise<void> =>
      dataOf<undefined>(api.DELETE('/v1/sessions/{tokenId}', { params: { path: { tokenId } }, ...given(signal) })),
  };
}

type SessionTicketBody = components['schemas']['SessionTicketRequest'];

export type AuthClient = ReturnType<typeof createClient>;

async function dataOf<T>(call: Promise<Result> | Result): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw errorOf(response, error);
  return data as T;
}

interface Result {
  data?: unknown;
  error?: unknown;
  response: Response;
}

function errorOf({ status, url, headers }: Response, body: unknown): Error {
  if (isProblem(body)) return new ProblemError(body, status, successorIn(headers.get('link')));
  return new Error(`${url} responded with ${status}, without a problem document: a proxy or another server?`);
}

/** The TokenID in `Link: </v1/sessions/{tokenId}>; rel="successor-version"`. */
function successorIn(link: string | null): string | undefined {
  return /^<\/v1\/sessions\/(\w+)>; rel="successor-version"$/.exec(link ?? '')?.[1];
}

/** Aborts after `timeoutMs`, or when the caller does. */
function limited({ timeoutMs = 60_000, signal }: WaitOptions): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(timeoutMs), signal].filter((s) => s !== undefined));
}

const given = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });

const bodyOf = ({ products, metadata, readyWithinS }: OpenOptions) => ({
  ...(products !== undefined && { products: [...products] }),
  ...(metadata !== undefined && { metadata }),
  ...(readyWithinS !== undefined && { readyWithinS }),
});
