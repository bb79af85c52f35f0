import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { NoResponseError } from './outcome.mjs';

export const CONNECTIONS = 50;
/** Longer than any wait that is requested. */
const DEADLINE_MS = 30_000;
const LARGEST_REPLY = 1024 * 1024;
const MOST_TRIES = 6;
const LONGEST_PAUSE_S = 10;

/** A server that is restarted by its supervisor at once counts as responding. */
const PROBES = 4;
const PROBE_DEADLINE_MS = 2000;
const PROBE_PAUSE_MS = 300;

/**
 * Keep-alive connections, at most 50 over all URLs. Node's own client: it follows no redirect, so a credential is sent
 * only to the server under test, and it has no list of forbidden ports.
 */
export class Http {
  constructor(urls) {
    const origins = new Set(urls.map((url) => new URL(url).origin)).size;
    const pool = { keepAlive: true, maxSockets: Math.max(1, Math.floor(CONNECTIONS / origins)) };
    this.agents = { 'http:': new http.Agent(pool), 'https:': new https.Agent(pool) };
  }

  /** @throws NoResponseError */
  async send(method, url, { headers = {}, body = null, deadlineMs = DEADLINE_MS } = {}) {
    const signal = AbortSignal.timeout(deadlineMs);
    const target = new URL(url);
    const { request } = target.protocol === 'https:' ? https : http;
    try {
      const outgoing = request(target, { method, headers, signal, agent: this.agents[target.protocol] });
      // Also after the response: a connection that breaks then must not end the process.
      outgoing.on('error', () => undefined);
      outgoing.end(body ?? undefined);
      const [reply] = await once(outgoing, 'response');
      const text = await textOf(reply);
      const type = String(reply.headers['content-type'] ?? '');
      return { status: reply.statusCode, headers: reply.headers, type, text, json: jsonOf(type, text) };
    } catch (error) {
      if (error instanceof NoResponseError) throw error;
      if (signal.aborted) throw new NoResponseError(`no complete response within ${deadlineMs / 1000} s`);
      throw new NoResponseError(`no response: ${error.code ?? error.message}`);
    }
  }

  /** Why the server does not respond, or null if it does: any status counts. */
  async unreachable(url) {
    let reason = null;
    for (let probe = 1; probe <= PROBES; probe++) {
      if (probe > 1) await sleep(PROBE_PAUSE_MS);
      try {
        await this.send('GET', `${url}/`, { deadlineMs: PROBE_DEADLINE_MS });
        return null;
      } catch (error) {
        reason = error.message;
      }
    }
    return reason;
  }

  end() {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }
}

/**
 * Retries as a well-behaved client does: 429 and 503 after `Retry-After`, and a status in `retryOn`, which clients of
 * the contract take for temporary, three times in all.
 */
export async function sendWithRetry(send, retryOn = []) {
  for (let tried = 1; ; tried++) {
    const reply = await send();
    const busy = reply.status === 429 || reply.status === 503;
    const again = busy ? tried < MOST_TRIES : retryOn.includes(reply.status) && tried < 3;
    if (!again) return reply;
    const asked = Number(reply.headers['retry-after'] ?? 1);
    await sleep(Math.min(Math.max(asked || 1, 1), LONGEST_PAUSE_S) * 1000);
  }
}

/** Like Promise.all over `work(item)`, with at most as many at a time as there are connections. */
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
    if (size > LARGEST_REPLY) throw new NoResponseError('a response of more than 1 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Undefined unless it is declared as JSON and is JSON. */
function jsonOf(type, text) {
  if (!type.includes('json')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
