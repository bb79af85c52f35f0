import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { atOnce, sendWithRetry } from '../http.mjs';
import { FaultError, isObject, shown } from '../outcome.mjs';
import { expiryInJwt } from './jwt.mjs';

const ABSENT = [404, 405, 501];
const WAIT_S = 10;
/** A server whose CAS responds has its token long before. */
const READY_WITHIN_MS = 60_000;
const PAUSE_MS = 250;

/** The API under `/v1`: rooms opened with PUT, sessions read by their TokenID. */
export class V1Contract {
  name = '/v1';
  freeFields = 'metadata';

  constructor(http) {
    this.http = http;
    this.headers = {};
    this.key = null;
    /** Sessions of this run, closed at its end. */
    this.opened = new Set();
  }

  /** See `discover` in suite.mjs. */
  async discover(url, room, key) {
    this.key = key;
    if (key !== null) this.headers = { authorization: `Bearer ${key}` };
    const reply = await this.put(url, room, '{}');
    const notSpoken = {
      spoken: false,
      reason: `not spoken: PUT /v1/rooms/{room}/session responds with ${shown(reply)}`,
    };
    if (ABSENT.includes(reply.status)) return notSpoken;
    if ([401, 403].includes(reply.status)) {
      if (reply.json?.status !== reply.status) return notSpoken;
      if (key === null) return { spoken: true, reason: 'needs --key or --key-file' };
      return { spoken: true, badKey: true, reason: `${reply.status}: the key is invalid or lacks a scope` };
    }
    const ours = reply.status < 300 ? typeof reply.json?.id === 'string' : reply.status >= 500 || isProblem(reply);
    if (!ours) return notSpoken;
    const answer = await this.open(url, room).catch((error) => error);
    if (answer.tokens === undefined || Object.keys(answer.tokens).length > 0) return { spoken: true };
    return { spoken: true, badKey: true, reason: 'a ready session has no tokens: the key lacks the scope tokens:read' };
  }

  path = (room) => `/v1/rooms/${encodeURIComponent(room)}/session`;

  put(url, room, body, { type = 'application/json', ...options } = {}) {
    return this.send('PUT', url, this.path(room), { body, headers: { 'content-type': type }, ...options });
  }

  send(method, url, path, { headers = {}, ...options } = {}) {
    return this.http.send(method, `${url}${path}`, { headers: { ...this.headers, ...headers }, ...options });
  }

  /** @throws FaultError unless the session is ready in time */
  async open(url, room, fields = {}) {
    return this.settle(url, await this.begin(url, room, { metadata: fields }, { prefer: `wait=${WAIT_S}` }));
  }

  /** Without a wait, so that all racers arrive before the token is minted; `settle` waits. */
  race(url, room) {
    return this.begin(url, room, {}, {});
  }

  async begin(url, room, body, headers) {
    const all = { 'content-type': 'application/json', ...headers };
    const send = () => this.send('PUT', url, this.path(room), { body: JSON.stringify(body), headers: all });
    return this.answer(await sendWithRetry(send));
  }

  async settle(url, opening) {
    const end = performance.now() + READY_WITHIN_MS;
    let answer = opening;
    while (answer.status === 'pending') {
      if (performance.now() > end) throw new FaultError(`still pending after ${READY_WITHIN_MS / 1000} s`);
      const asked = performance.now();
      const headers = { prefer: `wait=${WAIT_S}` };
      answer = this.answer(await sendWithRetry(() => this.send('GET', url, `/v1/sessions/${answer.id}`, { headers })));
      // For a server that does not support waiting.
      if (answer.status === 'pending' && performance.now() - asked < PAUSE_MS) await sleep(PAUSE_MS);
    }
    if (answer.status !== 'ready') {
      throw new FaultError(`the session is ${answer.status} (${answer.reply.json.failure?.code ?? 'without a code'})`);
    }
    return answer;
  }

  async read(url, room) {
    const headers = { prefer: `wait=${WAIT_S}` };
    const reply = await sendWithRetry(() => this.send('GET', url, this.path(room), { headers }));
    return reply.status === 404 ? null : this.settle(url, this.answer(reply));
  }

  /** By the room and by the TokenID. */
  async lookUp(url, room, { id }) {
    return [
      await sendWithRetry(() => this.send('GET', url, this.path(room))),
      await sendWithRetry(() => this.send('GET', url, `/v1/sessions/${id}`)),
    ];
  }

  answer(reply) {
    const { json } = reply;
    if (![200, 201, 202].includes(reply.status) || !isObject(json) || typeof json.id !== 'string') {
      throw new FaultError(`${shown(reply)} instead of a session`);
    }
    this.opened.add(json.id);
    const tokens = isObject(json.tokens) ? json.tokens : {};
    return {
      reply,
      id: json.id,
      status: json.status,
      tokens,
      fields: json.metadata,
      expiresAt: expiryOf(json, tokens),
    };
  }

  oddRequests(room, marker) {
    const opening = (what, name, body = { metadata: { [marker]: marker } }) => ({
      what,
      send: async (url, options) => {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        const reply = await this.put(url, name, text, options);
        // The other names may be in use by others.
        if (name.startsWith(room) && typeof reply.json?.id === 'string') this.opened.add(reply.json.id);
        return reply;
      },
    });
    const getting = (what, path) => ({ what, send: (url, options) => this.send('GET', url, path, options) });
    return [
      opening('__proto__', '__proto__'),
      opening('constructor', 'constructor'),
      opening('a field __proto__', room, `{"metadata":{"__proto__":{"${marker}":"${marker}"}}}`),
      opening('an empty name', ''),
      opening('a name of spaces', '   '),
      opening('a name of 10 KB', 'x'.repeat(10 * 1024)),
      opening('../x', '../x'),
      opening('U+0000', `${room}\0`),
      opening('an object for a name', `${room}-a`, { name: { [marker]: 1 } }),
      opening('an object for products', `${room}-b`, { products: { [marker]: 1 } }),
      opening('a number for metadata', `${room}-c`, { metadata: 7 }),
      getting('reading toString', this.path('toString')),
      getting('reading %zz', '/v1/rooms/%zz/session'),
      getting('the session __proto__', '/v1/sessions/__proto__'),
      getting('the session U+0000', '/v1/sessions/%00'),
      getting('a session of 10 KB', `/v1/sessions/${'x'.repeat(10 * 1024)}`),
    ];
  }

  faultOf(reply) {
    if (reply.status < 200 || reply.status > 299) return null;
    return typeof reply.json?.id === 'string' ? null : `${reply.status} without an id`;
  }

  async unknown(url, room) {
    const seen = [];
    const paths = { 'GET …/{room}/session': this.path(room), 'GET /v1/sessions/{id}': `/v1/sessions/${unknownId()}` };
    for (const [what, path] of Object.entries(paths)) {
      const fault = problemFault(await this.send('GET', url, path), 404, 'not-found');
      if (fault !== null) seen.push(`${what} responds with ${fault}`);
    }
    return seen;
  }

  malformed(room) {
    const put = (what, body, type) => ({ what, refused: true, send: (url) => this.put(url, room, body, { type }) });
    return [
      put('JSON cut short', '{"metadata":{'),
      put('no JSON', 'name=x'),
      put('text/plain', 'hello', 'text/plain'),
      put('null', 'null'),
      put('a string', '"x"'),
      put('a list', '[]'),
    ];
  }

  refusal(reply) {
    return problemFault(reply, reply.status);
  }

  close(url, id) {
    return this.send('DELETE', url, `/v1/sessions/${id}`);
  }

  /** Closes the sessions of this run; failures are ignored, since the key may lack the scope. */
  async leave(url) {
    await atOnce([...this.opened], (id) => this.close(url, id).catch(() => undefined));
  }
}

/** What is wrong with a problem (RFC 9457), or null. */
export function problemFault(reply, status, code) {
  const { json } = reply;
  if (reply.status !== status) return `${shown(reply)} instead of ${status}`;
  if (!isProblem(reply)) return `${shown(reply)} instead of application/problem+json`;
  if (json?.status !== status || typeof json.code !== 'string') return `${status} without status and code in its body`;
  return code === undefined || json.code === code ? null : `${status} ${json.code} instead of ${code}`;
}

function isProblem({ type }) {
  return type.startsWith('application/problem+json');
}

/** Well-formed, but of no session. */
export function unknownId() {
  return `ses_${randomBytes(16).toString('base64url')}`;
}

function expiryOf({ expiresAt }, tokens) {
  const known = [Date.parse(expiresAt), ...Object.values(tokens).map((token) => expiryInJwt(token) ?? NaN)];
  const times = known.filter((time) => Number.isFinite(time));
  return times.length > 0 ? Math.min(...times) : null;
}
