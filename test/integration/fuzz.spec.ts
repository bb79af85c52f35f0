import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newApiKey } from '@app/kernel';
import { complaints, meantBy } from '../support/fuzz/judge.js';
import { curl, type FuzzRequest, type Subjects, toWire, type WireRequest } from '../support/fuzz/request.js';
import { fuzzRequests } from '../support/fuzz/requests.js';
import { type FuzzReply, Wire } from '../support/fuzz/send.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { takeSeat } from '../support/seats.js';
import { TestApp } from '../support/test-app.js';
import { issueFor, ticketOf } from '../support/tickets.js';
import { operations } from '../support/openapi.js';

const SEED = Number(process.env.FUZZ_SEED ?? Math.trunc(Math.random() * 2 ** 31));
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 5000);
const AT_ONCE = 32;
const BATCH = 250;
/** Batches that are sent as well while an operation has not been reached both ways. */
const MOST_MORE = 40;

interface Exchange {
  sent: WireRequest;
  reply: FuzzReply;
}

interface Row {
  id: string;
  room: string | null;
  /** Of a chat token. */
  subject: string | null;
  status: string;
}

let testApp: TestApp;
let provider: IdentityProvider;
let wire: Wire;
let requests: fc.Arbitrary<FuzzRequest>;
/** What requests are about; what is made comes first. */
let subjects: Subjects;
const seen = new Map<string, number>();

beforeAll(async () => {
  provider = await IdentityProvider.start();
  const env = {
    ROOM_API: 'on',
    ROOM_API_WAIT_S: '10',
    // Limits per address are not what this is about: requests come from many.
    TRUST_PROXY: '1',
    OIDC_ISSUER: provider.issuer,
    OIDC_AUDIENCE: 'watch',
    // Nor how fast this machine is.
    DATABASE_TIMEOUT_MS: '20000',
  };
  testApp = await TestApp.open({ env: { ...env, POOL_REFILL_CONCURRENCY: '1' } });
  wire = new Wire(testApp.url, AT_ONCE);
  requests = fuzzRequests(await credentials());
  const session = await someSessions();
  subjects = { session, ...(await someWebhooks()), seat: await Promise.all(session.slice(2, 12).map(aSeat)) };
});
afterAll(async () => {
  await wire.end();
  await testApp.end();
  await provider.close();
});

async function credentials(): Promise<{ right: string[]; others: string[] }> {
  const bearer = (credential: string | null) => `Bearer ${credential ?? ''}`;
  const few = await testApp.clientWith('sessions:read');
  const revoked = await testApp.clientWith('admin');
  await testApp.database.rows('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [revoked.apiKey?.split('_')[1]]);
  const person = { claims: { scope: 'sessions:read sessions:close chat:mint' } };
  const jwt = await provider.token('anna', person);
  const body = { subject: 'anna', scopes: ['rooms:open', 'sessions:read', 'tokens:read'] };
  const ticket = ticketOf(await issueFor(testApp.client, { room: 'derby' }, body));
  return {
    right: [bearer(testApp.apiKey)],
    others: [
      bearer(few.apiKey),
      bearer(revoked.apiKey),
      bearer(newApiKey()),
      bearer(`${testApp.apiKey}x`),
      bearer(`${testApp.apiKey.slice(0, -1)}_`),
      `bearer   ${testApp.apiKey}  `,
      `Basic ${testApp.apiKey}`,
      testApp.apiKey,
      'Bearer',
      bearer(jwt),
      bearer(jwt.replace(/\.[^.]*$/, '.')),
      bearer(jwt.replace(/^[^.]*/, Buffer.from('{"alg":"none"}').toString('base64url'))),
      bearer(await provider.token('anna', { ...person, header: { kid: 'unknown' } })),
      bearer(await provider.token('\0', person)),
      bearer(ticket),
      bearer(`${ticket}x`),
      bearer(ticket.replace('wtt_', '')),
      bearer(ticket.replace(/_[^.]*/, `_${Buffer.from('{"alg":"none"}').toString('base64url')}`)),
      bearer('wtt_..'),
      bearer('eyJ.eyJ.eyJ'),
      bearer('...'),
    ],
  };
}

/** Ready, failed, closed and expired ones, and one that there is not. */
async function someSessions(): Promise<string[]> {
  const { client } = testApp;
  const make = async () => (await client.create({ wait: 10 })).body.id;
  const ids = await Promise.all(Array.from({ length: 20 }, make));
  const [closed = '', expired = ''] = ids;
  await client.close(closed);
  await testApp.database.rows(`UPDATE sessions SET expires_at = now() - interval '1 s' WHERE id = $1`, [expired]);
  await testApp.cas.fault({ kind: 'status', status: 400 });
  const failed = await make();
  await testApp.cas.clearFaults();
  return [...ids, failed, `ses_${'x'.repeat(22)}`];
}

/** Endpoints that nothing reaches, a delivery of each, and one of each that there is not. */
async function someWebhooks(): Promise<Omit<Subjects, 'session' | 'seat'>> {
  const body = { url: 'https://hooks.invalid/', types: ['session.ready'] };
  const make = async () => (await testApp.client.send<{ id: string }>('POST', '/v1/webhooks', { body })).body.id;
  const webhook = await Promise.all(Array.from({ length: 10 }, make));
  const ping = async (id: string) => {
    const { body } = await testApp.client.send<{ delivery: string }>('POST', `/v1/webhooks/${id}/ping`);
    return { webhook: id, id: body.delivery };
  };
  const delivery = await Promise.all(webhook.map(ping));
  return { webhook: [...webhook, `whe_${'x'.repeat(22)}`], delivery };
}

async function aSeat(session: string): Promise<Subjects['seat'][number]> {
  const { id } = (await takeSeat(testApp.client, session, 'anna', 'viewer')).body;
  return { session, id };
}

/** Sends them side by side, and says what is wrong with each reply. */
async function exchangeAll(fuzzed: readonly FuzzRequest[]): Promise<{ exchanges: Exchange[]; faults: string[][] }> {
  const exchanges: Exchange[] = [];
  const faults: string[][] = [];
  let next = 0;
  const runner = async (): Promise<void> => {
    for (let i = next++; i < fuzzed.length; i = next++) {
      const one = fuzzed[i];
      if (one === undefined) return;
      const sent = toWire(one, subjects);
      const reply = await wire
        .send(sent)
        .catch((error: unknown) => ({ status: 599, headers: {}, text: String(error) }));
      exchanges[i] = { sent, reply };
      faults[i] = complaints(one, sent, reply);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
  return { exchanges, faults };
}

interface Before {
  at: Date;
  closed: string[];
}

async function before(): Promise<Before> {
  const [row] = await testApp.database.rows<Before>(
    `SELECT now() AS at, ARRAY(SELECT id FROM sessions WHERE status = 'closed') AS closed`,
  );
  if (row === undefined) throw new Error('there is no answer');
  return row;
}

/** What was stored although every request that could have done so was refused. */
async function strayRows({ at, closed: closedBefore }: Before, exchanges: readonly Exchange[]): Promise<Row[]> {
  const rows = await testApp.database.rows<Row>(
    `SELECT id, room, chat_subject AS subject, status FROM sessions WHERE created_at >= $1 OR (status = 'closed' AND id <> ALL ($2))`,
    [at, closedBefore],
  );
  const shown = new Set<string>();
  const closed = new Set<string>();
  for (const { sent, reply } of exchanges) {
    if (reply.status >= 300) continue;
    for (const [id = ''] of reply.text.matchAll(/(?:ses|seat)_\w+/g)) shown.add(id);
    const { name, subject } = reply.text.startsWith('{') ? (JSON.parse(reply.text) as Record<string, string>) : {};
    if (name !== undefined) shown.add(`open:${name}`);
    if (subject !== undefined) shown.add(`chat of ${subject}`);
    const [, ended] = /\/chat-tokens\/([^/?#]*)/.exec(sent.method === 'DELETE' ? sent.target : '') ?? [];
    if (ended !== undefined) closed.add(`chat of ${decodeURIComponent(ended)}`);
    if (sent.method === 'DELETE' || sent.target.includes('/rotate'))
      for (const [id = ''] of sent.target.matchAll(/ses_\w+/g)) closed.add(id);
  }
  const seated = await testApp.database.rows<Row>(
    `SELECT id, name AS room, NULL AS subject, 'seat' AS status FROM seats WHERE taken_at >= $1`,
    [at],
  );
  return [...rows, ...seated].filter(({ id, room, subject, status }) => {
    const names = [id, room ?? '', `chat of ${subject ?? ''}`];
    return !names.some((name) => (status === 'closed' ? closed : shown).has(name));
  });
}

function remember(exchanges: readonly Exchange[]): void {
  for (const { sent, reply } of exchanges) {
    const name = meantBy(sent).operation?.operationId ?? 'none';
    const key = `${name} ${Math.trunc(reply.status / 100)}xx`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    const [id] = reply.status === 201 ? (/ses_\w+/.exec(reply.text) ?? []) : [];
    if (id !== undefined) subjects.session = [id, ...subjects.session].slice(0, 60);
    const [seat] = reply.status === 201 ? (/seat_\w+/.exec(reply.text) ?? []) : [];
    if (id !== undefined && seat !== undefined)
      subjects.seat = [{ session: id, id: seat }, ...subjects.seat].slice(0, 30);
    const [webhook] = reply.status === 201 ? (/whe_\w+/.exec(reply.text) ?? []) : [];
    if (webhook !== undefined) subjects.webhook = [webhook, ...subjects.webhook].slice(0, 20);
    const [, pinged, delivery] = /(whe_\w+)\/ping.*"delivery":"(msg_\w+)"/s.exec(sent.target + reply.text) ?? [];
    if (pinged !== undefined && delivery !== undefined)
      subjects.delivery = [{ webhook: pinged, id: delivery }, ...subjects.delivery].slice(0, 20);
  }
}

/** The smallest request that fails like this one, for a shell. */
async function shrunk(failing: fc.IAsyncProperty<[FuzzRequest]>, seed: number, index: number): Promise<string> {
  const { counterexample } = await fc.check(failing, { seed, path: String(index), numRuns: 1, unbiased: true });
  return counterexample === null
    ? 'it does not fail a second time'
    : curl(testApp.url, toWire(counterexample[0], subjects));
}

const property = () =>
  fc.asyncProperty(requests, async (fuzzed) => {
    const { faults } = await exchangeAll([fuzzed]);
    if (faults.flat().length > 0) throw new Error(faults.flat().join('\n'));
  });

/** Sends this many requests of a seed, batch by batch, and fails with the first that is not answered as it should be. */
async function sendAll(seed: number, count: number): Promise<void> {
  const all = fc.sample(property(), { seed, numRuns: count, unbiased: true }).map(([fuzzed]) => fuzzed);
  for (let from = 0; from < all.length; from += BATCH) {
    const state = await before();
    const { exchanges, faults } = await exchangeAll(all.slice(from, from + BATCH));
    const wrong = faults.findIndex((found) => found.length > 0);
    const exchange = exchanges[wrong];
    if (exchange !== undefined) {
      const { status, text } = exchange.reply;
      const lines = [
        ...(faults[wrong] ?? []),
        curl(testApp.url, exchange.sent),
        `${status} ${text.slice(0, 2000)}`,
        `smallest: ${await shrunk(property(), seed, from + wrong)}`,
      ];
      throw new Error(`request ${from + wrong} of FUZZ_SEED=${seed}:\n${lines.join('\n')}`);
    }

    expect(await strayRows(state, exchanges)).toEqual([]);
    remember(exchanges);
  }
}

describe(`${REQUESTS} requests made up from the OpenAPI document (FUZZ_SEED=${SEED} FUZZ_REQUESTS=${REQUESTS})`, () => {
  it(
    'are answered as it says, and what is refused is not stored',
    async () => {
      await sendAll(SEED, REQUESTS);
      expect(testApp.log.filter(({ level, app }) => level >= 50 && app === 'gateway')).toEqual([]);
    },
    REQUESTS * 40,
  );

  it(
    'reach every operation, and are both let through and refused there; what chance has left out, with some more',
    async () => {
      const wanted = operations.flatMap(({ operation: { operationId } }) =>
        ['livez', 'readyz'].includes(operationId)
          ? [`${operationId} 2xx`]
          : [`${operationId} 2xx`, `${operationId} 4xx`],
      );
      const missing = () => wanted.filter((outcome) => !seen.has(outcome));
      for (let more = 1; more <= MOST_MORE && missing().length > 0; more++) await sendAll(SEED + more, BATCH);
      expect(missing()).toEqual([]);
    },
    MOST_MORE * BATCH * 40,
  );
});
