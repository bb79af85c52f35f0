// Calls the public API like any client.

/** A problem document (RFC 9457), or its equivalent when the server cannot be reached. */
export class Problem extends Error {
  constructor(document) {
    super(document.title);
    this.document = document;
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

/** The server's time, estimated from its Date header: phone clocks are often wrong. */
export const serverNow = () => Date.now() + clockOffsetMs;

export const openRoom = (room, products) =>
  json('PUT', `/v1/rooms/${encodeURIComponent(room)}/session`, { body: { products } });

export const readSession = (id, { waitS, signal } = {}) =>
  json('GET', pathOf(id), { signal, headers: waitS === undefined ? {} : { prefer: `wait=${waitS}` } });

export const closeSession = (id) => send('DELETE', pathOf(id));

/** A ticket for guests: to the session's room with all its sessions, or to a session without a room. */
export const issueTicket = ({ id, room }, body) =>
  json('POST', room === null ? `${pathOf(id)}/tickets` : `/v1/rooms/${encodeURIComponent(room)}/tickets`, { body });

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

async function json(method, path, options) {
  const response = await send(method, path, options);
  return response.json();
}

async function send(method, path, { body, headers = {}, signal } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
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
  return new Problem({
    title: `The server answered ${response.status}`,
    code: `http-${response.status}`,
    retryable: response.status >= 500,
    ...(requestId !== null && { requestId }),
    ...document,
    status: response.status,
  });
}
