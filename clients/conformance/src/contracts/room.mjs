import { randomInt } from 'node:crypto';
import { sendWithRetry } from '../http.mjs';
import { FaultError, isObject, shown } from '../outcome.mjs';
import { expiryInJwt } from './jwt.mjs';

const ABSENT = [404, 405, 501];
/** The only status that existing clients retry, three times in all. */
const RETRY_ON = [500];
/** `exp` is in milliseconds; as seconds this would be the year 5138. */
const SMALLEST_MS = 1e11;

/** The contract of existing clients: `POST /room/create` creates or returns a room, `GET /room/:id` returns it. */
export class RoomContract {
  name = 'room API';
  freeFields = 'free fields';

  constructor(http) {
    this.http = http;
    this.headers = {};
  }

  /** Whether the server speaks it, or why not. The first request has no credential, like those of existing clients. */
  async discover(url, room, key) {
    let reply = await this.post(url, JSON.stringify({ name: room }));
    if ([401, 403].includes(reply.status) && key !== null) {
      this.headers = { authorization: `Bearer ${key}` };
      reply = await this.post(url, JSON.stringify({ name: room }));
    }
    const { status } = reply;
    const spoken =
      (status < 300 && isObject(reply.json)) || status === 429 || (status >= 500 && !ABSENT.includes(status));
    return spoken ? { spoken } : { spoken, reason: `not spoken: POST /room/create responds with ${shown(reply)}` };
  }

  post(url, body, type = 'application/json', options = {}) {
    const headers = { ...this.headers, 'content-type': type };
    return this.http.send('POST', `${url}/room/create`, { headers, body, ...options });
  }

  get(url, room, options = {}) {
    return this.http.send('GET', `${url}/room/${encodeURIComponent(room)}`, { headers: this.headers, ...options });
  }

  /** @throws FaultError unless the response is a room with its tokens */
  async open(url, room, fields = {}) {
    const body = JSON.stringify({ ...fields, name: room });
    return this.answer(await sendWithRetry(() => this.post(url, body), RETRY_ON));
  }

  /** One call does it all: opening waits for the tokens. */
  race(url, room) {
    return this.open(url, room);
  }

  settle(_url, answer) {
    return answer;
  }

  /** The room, or null if it does not exist. */
  async read(url, room) {
    const reply = await sendWithRetry(() => this.get(url, room), RETRY_ON);
    return reply.status === 404 ? null : this.answer(reply);
  }

  /** Every way to read the tokens of a room again. */
  async lookUp(url, room) {
    return [await sendWithRetry(() => this.get(url, room), RETRY_ON)];
  }

  answer(reply) {
    const { json } = reply;
    if (reply.status !== 200 || !isObject(json)) throw new FaultError(`${shown(reply)} instead of a room`);
    for (const field of ['wt_token', 'sync_token']) {
      if (typeof json[field] !== 'string' || json[field] === '') throw new FaultError(`200 without a ${field}`);
    }
    return {
      reply,
      id: null,
      tokens: { stream: json.wt_token, sync: json.sync_token },
      fields: json,
      expiresAt: expiryOf(json),
    };
  }

  /** Names that no client should send, but some will. */
  oddRequests(room, marker) {
    const create = (what, body) => ({ what, send: (url, options) => this.post(url, body, undefined, options) });
    const named = (what, name) => create(what, JSON.stringify({ [marker]: marker, name }));
    const reading = (what, name) => ({ what, send: (url, options) => this.get(url, name, options) });
    return [
      named('__proto__', '__proto__'),
      named('constructor', 'constructor'),
      create('a field __proto__', `{"name":"${room}","__proto__":{"${marker}":"${marker}"}}`),
      named('an empty name', ''),
      named('a name of spaces', '   '),
      named('a name of 10 KB', 'x'.repeat(10 * 1024)),
      named('../x', '../x'),
      named('U+0000', `${room}\0`),
      named('an object', { [marker]: 1 }),
      named('a list', [room]),
      named('a number', randomInt(2 ** 47)),
      named('null', null),
      reading('reading __proto__', '__proto__'),
      reading('reading constructor', 'constructor'),
      reading('reading toString', 'toString'),
      reading('reading wt_token', 'wt_token'),
      reading('reading ../x', '../x'),
      reading('reading U+0000', '\0'),
    ];
  }

  /** A success must carry a token. */
  faultOf(reply) {
    if (reply.status < 200 || reply.status > 299) return null;
    return typeof reply.json?.wt_token === 'string' ? null : `${reply.status} without a wt_token`;
  }

  async unknown(url, room) {
    const reply = await this.get(url, room);
    const right = reply.status === 404 && typeof reply.json?.error === 'string';
    return right ? [] : [`GET /room/:id responds with ${shown(reply)} instead of 404 {"error": "…"}`];
  }

  /** `refused`: must be a 4xx; for the others any response below 500 is accepted. */
  malformed(room) {
    const post = (what, refused, body, type) => ({ what, refused, send: (url) => this.post(url, body, type) });
    return [
      post('JSON cut short', true, `{"name":"${room}"`),
      post('no JSON', true, 'name=x'),
      post('text/plain', true, 'hello', 'text/plain'),
      post('null', false, 'null'),
      post('a string', false, '"x"'),
      post('a list', false, '[]'),
    ];
  }

  refusal(reply) {
    return reply.json === undefined ? `${shown(reply)}, not JSON` : null;
  }

  /** The contract has no call to close a room. */
  async leave() {}
}

function expiryOf({ exp, wt_token, sync_token }) {
  if (typeof exp === 'number' && exp < SMALLEST_MS) throw new FaultError('exp is not in milliseconds');
  const known = [typeof exp === 'number' ? exp : null, expiryInJwt(wt_token), expiryInJwt(sync_token)];
  const times = known.filter((time) => time !== null);
  return times.length > 0 ? Math.min(...times) : null;
}
