// The public API, called as any client would.

/** A problem document (RFC 9457), or what is shown like one when the server cannot be reached. */
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

// In memory only: never in storage, never in an address.
let key = null;
let clockOffsetMs = 0;

export function useKey(value) {
  key = value;
}

export const hasKey = () => key !== null;

/** The time of the server, as well as its Date header tells: clocks of phones are often wrong. */
export const serverNow = () => Date.now() + clockOffsetMs;

export const openRoom = (room, products) =>
  json('PUT', `/v1/rooms/${encodeURIComponent(room)}/session`, { body: { products } });

export const readSession = (id, { waitS, signal } = {}) =>
  json('GET', pathOf(id), { signal, headers: waitS === undefined ? {} : { prefer: `wait=${waitS}` } });

export const closeSession = (id) => send('DELETE', pathOf(id));

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
        ...(key !== null && { authorization: `Bearer ${key}` }),
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

/** What stands between us and the server may answer in its own words. */
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
