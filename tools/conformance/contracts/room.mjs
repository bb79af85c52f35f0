import { randomInt } from 'node:crypto';
import { patiently } from '../http.mjs';
import { Fault, isObject, shown } from '../outcome.mjs';
import { expiryInJwt } from './jwt.mjs';

const ABSENT = [404, 405, 501];
/** The one status after which existing clients ask again, three times in all. */
const TRY_AGAIN = [500];
/** `exp` is in milliseconds; as seconds this would be the year 5138. */
const SMALLEST_MS = 1e11;

/** What existing clients speak: `POST /room/create` makes or gets, `GET /room/:id` gets. */
export class RoomContract {
  name = 'room API';
  freeFields = 'free fields';

  constructor(http) {
    this.http = http;
    this.headers = {};
  }

  /** Whether the server speaks it, or why not. It is asked without a credential first, as existing clients do. */
  async discover(url, room, key) {
    let reply = await this.post(url, JSON.stringify({ name: room }));
    if ([401, 403].includes(reply.status) && key !== null) {
      this.headers = { authorization: `Bearer ${key}` };
      reply = await this.post(url, JSON.stringify({ name: room }));
    }
    const { status } = reply;
    const spoken =
      (status < 300 && isObject(reply.json)) || status === 429 || (status >= 500 && !ABSENT.includes(status));
    return spoken ? { spoken } : { spoken, why: `POST /room/create answers ${shown(reply)}` };
  }

  post(url, body, type = 'application/json', options = {}) {
    const headers = { ...this.headers, 'content-type': type };
    return this.http.send('POST', `${url}/room/create`, { headers, body, ...options });
  }

  get(url, room, options = {}) {
    return this.http.send('GET', `${url}/room/${encodeURIComponent(room)}`, { headers: this.headers, ...options });
  }

  /** @throws Fault unless a room with its tokens came back */
  async open(url, room, fields = {}) {
    const body = JSON.stringify({ ...fields, name: room });
    return this.answer(await patiently(() => this.post(url, body), TRY_AGAIN));
  }

  /** The one call is all there is: whoever opens waits for the tokens. */
  race(url, room) {
    return this.open(url, room);
  }

  settle(_url, answer) {
    return answer;
  }

  /** The room's answer, or null when there is none. */
  async read(url, room) {
    const reply = await patiently(() => this.get(url, room), TRY_AGAIN);
    return reply.status === 404 ? null : this.answer(reply);
  }

  /** Every way to get at the tokens of an answer again. */
  async lookUp(url, room) {
    return [await patiently(() => this.get(url, room), TRY_AGAIN)];
  }

  answer(reply) {
    const { json } = reply;
    if (reply.status !== 200 || !isObject(json)) throw new Fault(`${shown(reply)} instead of a room`);
    for (const field of ['wt_token', 'sync_token']) {
      if (typeof json[field] !== 'string' || json[field] === '') throw new Fault(`200 without a ${field}`);
    }
    return {
      reply,
      id: null,
      tokens: { stream: json.wt_token, sync: json.sync_token },
      fields: json,
      expiresAt: expiryOf(json),
    };
  }

  /** Names that no client should send, and some do. */
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

  /** A success must hold what a success is for. */
  faultOf(reply) {
    if (reply.status < 200 || reply.status > 299) return null;
    return typeof reply.json?.wt_token === 'string' ? null : `${reply.status} without a wt_token`;
  }

  async unknown(url, room) {
    const reply = await this.get(url, room);
    const right = reply.status === 404 && typeof reply.json?.error === 'string';
    return right ? [] : [`GET /room/:id answers ${shown(reply)} instead of 404 {"error": "…"}`];
  }

  /** `refused`: must be a 4xx; for the others it is enough that nothing breaks. */
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

  /** There is no call to close a room. */
  async leave() {}
}

function expiryOf({ exp, wt_token, sync_token }) {
  if (typeof exp === 'number' && exp < SMALLEST_MS) throw new Fault('exp is not in milliseconds');
  const known = [typeof exp === 'number' ? exp : null, expiryInJwt(wt_token), expiryInJwt(sync_token)];
  const times = known.filter((time) => time !== null);
  return times.length > 0 ? Math.min(...times) : null;
}
