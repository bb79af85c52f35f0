import { Agent, request } from 'undici';
import { sleep } from '../steps.mjs';
import { Fault } from './outcome.mjs';

export const CONNECTIONS = 50;
/** Whatever a server is asked, it must have answered by then. Longer than any wait that is asked for. */
const DEADLINE_MS = 30_000;
const LARGEST_REPLY = 1024 * 1024;
const MOST_TRIES = 6;
const LONGEST_PAUSE_S = 10;

/** No whole answer: refused, reset, too late, too large. */
export class NoAnswer extends Fault {}

/** Keep-alive connections, at most 50 over all URLs. Redirects are not followed: a credential stays where it was sent. */
export class Http {
  constructor(urls) {
    const origins = new Set(urls.map((url) => new URL(url).origin)).size;
    this.agent = new Agent({ connections: Math.max(1, Math.floor(CONNECTIONS / origins)), pipelining: 1 });
  }

  /** @throws NoAnswer */
  async send(method, url, { headers = {}, body = null, deadlineMs = DEADLINE_MS } = {}) {
    const signal = AbortSignal.timeout(deadlineMs);
    try {
      const reply = await request(url, { method, headers, body, signal, dispatcher: this.agent });
      const text = await textOf(reply.body);
      const type = String(reply.headers['content-type'] ?? '');
      return { status: reply.statusCode, headers: reply.headers, type, text, json: jsonOf(type, text) };
    } catch (error) {
      if (error instanceof NoAnswer) throw error;
      if (signal.aborted) throw new NoAnswer(`no whole answer within ${deadlineMs / 1000} s`);
      throw new NoAnswer(`no answer: ${error.code ?? error.message}`);
    }
  }

  async end() {
    await this.agent.destroy();
  }
}

/**
 * As a decent client does it: a busy server (429, 503) is asked again when it said, and so is a status that clients of
 * the contract take for "try again", three times in all.
 */
export async function patiently(send, tryAgainOn = []) {
  for (let tried = 1; ; tried++) {
    const reply = await send();
    const busy = reply.status === 429 || reply.status === 503;
    const again = busy ? tried < MOST_TRIES : tryAgainOn.includes(reply.status) && tried < 3;
    if (!again) return reply;
    const asked = Number(reply.headers['retry-after'] ?? 1);
    await sleep(Math.min(Math.max(asked || 1, 1), LONGEST_PAUSE_S) * 1000);
  }
}

/** Like Promise.all over `work(item)`, with no more than so many at a time: one for each connection. */
export async function atOnce(items, work) {
  const results = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const i = next++;
      results[i] = await work(items[i], i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONNECTIONS, items.length) }, lane));
  return results;
}

async function textOf(body) {
  const chunks = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > LARGEST_REPLY) throw new NoAnswer('a reply of more than 1 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Undefined unless it says that it is JSON and is. */
function jsonOf(type, text) {
  if (!type.includes('json')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
