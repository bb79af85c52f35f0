// Calls the public API like any client.
import { claimsOf } from './token.js';

const SUCCESSOR = /<\/v1\/sessions\/([^>]+)>; rel="successor-version"/;

/** A problem document (RFC 9457), or its equivalent when the server cannot be reached. */
export class Problem extends Error {
  constructor(document, successor) {
    super(document.title);
    this.document = document;
    /** Of a session that has ended: the newer session of its room, if this window may follow there. */
    this.successor = successor;
  }

  get code() {
    return this.document.code;
  }

  get status() {
    return this.document.status;
  }
}

/** The development key for the secret in the link that `npm start` printed, which works once; null without one. */
export async function developmentKey() {
  const secret = new URLSearchParams(location.hash.slice(1)).get('link');
  if (secret === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  const response = await fetch('/demo/key', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ secret }),
  }).catch(() => undefined);
  return response?.ok ? (await response.json()).key : null;
}

/** The ticket in the link that a guest has followed. It stays in the fragment, so that a reload finds it again. */
export const ticketInLink = () => new URLSearchParams(location.hash.slice(1)).get('ticket');

// Kept in memory only. A key never stands in storage or a URL.
let credential = null;
let clockOffsetMs = 0;

/** @param value an API key or a ticket; null for none */
export function useCredential(value) {
  credential = value;
}

export const hasCredential = () => credential !== null;

export const isGuest = () => credential?.startsWith('wtt_') === true;

/** Whether a guest's ticket is for the room, with the sessions to come, and not for one session alone. */
export const isGuestOfRoom = () => isGuest() && typeof claimsOf(credential)?.room === 'string';

/** The server's time, estimated from its Date header: phone clocks are often wrong. */
export const serverNow = () => Date.now() + clockOffsetMs;

export const openRoom = (room, products) =>
  json('PUT', `/v1/rooms/${encodeURIComponent(room)}/session`, { body: { products } });

export const readSession = (id, { waitS, signal } = {}) =>
  json('GET', pathOf(id), { signal, headers: waitS === undefined ? {} : { prefer: `wait=${waitS}` } });

export const closeSession = (id) => send('DELETE', pathOf(id));

/** Closes the session and opens the room's next one. */
export const rotateSession = (id) => json('POST', `${pathOf(id)}/rotate`);

/** A ticket for guests: for the session's room with all its sessions, or for this session alone. */
export const issueTicket = ({ id, room }, body, { forRoom }) =>
  json('POST', forRoom ? `/v1/rooms/${encodeURIComponent(room)}/tickets` : `${pathOf(id)}/tickets`, { body });

export const takeSeat = (id, body) => json('POST', `${pathOf(id)}/seats`, { body });

export const renewSeat = (seat) => json('PUT', pathOfSeat(seat));

/** @param keepalive sends the request even if the page is left meanwhile */
export const freeSeat = (seat, { keepalive = false } = {}) => send('DELETE', pathOfSeat(seat), { keepalive });

export const listSeats = (id) => json('GET', `${pathOf(id)}/seats?limit=200`);

export const retrySession = (id) => json('POST', `${pathOf(id)}/retry`);

/** The reply whose body is the session's event stream. */
export const openEvents = (id, { lastEventId, signal }) =>
  send('GET', `${pathOf(id)}/events`, {
    signal,
    headers: {
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }),
    },
  });

const pathOf = (id) => `/v1/sessions/${encodeURIComponent(id)}`;

const pathOfSeat = ({ session, id }) => `${pathOf(session)}/seats/${encodeURIComponent(id)}`;

async function json(method, path, options) {
  const response = await send(method, path, options);
  return response.json();
}

async function send(method, path, { body, headers = {}, signal, keepalive = false } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
      keepalive,
      cache: 'no-store',
      credentials: 'omit',
      headers: {
        ...headers,
        ...(credential !== null && { authorization: `Bearer ${credential}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem({
      title: 'The server cannot be reached',
      detail: 'Is it running, and is this device online?',
      code: 'unreachable',
      retryable: true,
    });
  }
  const date = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(date)) clockOffsetMs = date - Date.now();
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** A proxy in between may reply in its own format. */
async function problemOf(response) {
  const requestId = response.headers.get('request-id');
  const document = await response.json().catch(() => ({}));
  const [, successor] = SUCCESSOR.exec(response.headers.get('link') ?? '') ?? [];
  return new Problem(
    {
      title: `The server answered ${response.status}`,
      code: `http-${response.status}`,
      retryable: response.status >= 500,
      ...(requestId !== null && { requestId }),
      ...document,
      status: response.status,
    },
    successor,
  );
}
