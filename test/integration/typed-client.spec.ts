import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AuthClient,
  ChatTokenFailedError,
  ConnectionError,
  createClient,
  isGone,
  ProblemError,
  type Session,
  SessionFailedError,
  TokensWithheldError,
} from '../../clients/typescript/src/index.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { freePort } from '../../tools/ports.mjs';
import { runSnippet, snippet } from '../support/snippets.js';

let testApp: TestApp;
let client: AuthClient;
beforeAll(async () => {
  testApp = await TestApp.open();
  client = createClient({ baseUrl: testApp.gateway.url, credential: () => Promise.resolve(testApp.apiKey) });
});
afterAll(() => testApp.end());
afterEach(() => testApp.cas.clearFaults());

const problemOf = async (call: Promise<unknown>): Promise<ProblemError> => {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  if (!(error instanceof ProblemError)) throw new Error('it threw no problem', { cause: error });
  return error;
};

describe('against a real gateway', () => {
  it('opens a room and waits until it is ready', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const opened = await client.openRoom('derby', { products: ['stream', 'sync'], metadata: { match: 'derby' } });
    expect([opened.status, opened.metadata]).toEqual(['pending', { match: 'derby' }]);
    const waiting = client.waitUntilReady(opened);
    await testApp.cas.clearFaults();
    const ready = await waiting;
    expect(ready).toMatchObject({ id: opened.id, status: 'ready', tokens: { stream: /^eyJ/, sync: /^eyJ/ } });
    expect(await client.openRoom('derby', { products: ['stream', 'sync'] })).toEqual(ready);
    expect(await client.read(ready.id)).toEqual(ready);
  });

  it('opens many rooms, a few at a time, and goes on past one that fails', async () => {
    const rooms = Array.from({ length: 120 }, (_, n) => `many-${n}`);
    const opened = new Map<string, Session>();
    const failed: unknown[] = [];
    for await (const { room, session, error } of client.openRooms([...rooms, 'not/a room', 'many-7'], { wait: 10 })) {
      if (session) opened.set(room, session);
      else failed.push([room, error instanceof ProblemError ? error.problem.code : error]);
    }
    expect([...opened.keys()].toSorted()).toEqual(rooms.toSorted());
    expect([...opened.values()].every(({ status }) => status === 'ready')).toBe(true);
    expect(failed).toEqual([['not/a room', 'validation-failed']]);
    for await (const { room, session } of client.openRooms(rooms.slice(0, 3)))
      expect(session?.id).toBe(opened.get(room)?.id);
  });

  it('lets the server hold the response', async () => {
    expect((await client.openRoom('held', { wait: 10 })).status).toBe('ready');
    expect((await client.createSession({ wait: 10 })).status).toBe('ready');
  });

  it('creates separate sessions, unless the idempotency key is the same', async () => {
    const [one, two] = await Promise.all([client.createSession(), client.createSession()]);
    expect(one.id).not.toBe(two.id);
    const again = { idempotencyKey: 'order-7' };
    expect((await client.createSession(again)).id).toBe((await client.createSession(again)).id);
  });

  it('reports why a request was rejected', async () => {
    const stranger = createClient({ baseUrl: testApp.gateway.url, credential: 'wtk_nobody_nothing' });
    expect(await problemOf(stranger.openRoom('derby'))).toMatchObject({
      status: 401,
      problem: { code: 'unauthenticated' },
    });
    expect(await problemOf(client.openRoom(' '))).toMatchObject({
      status: 422,
      problem: { errors: [{ parameter: 'room' }] },
    });
    const missing = await problemOf(client.read('ses_0000000000000000000000'));
    expect([missing.status, missing.problem.code, isGone(missing)]).toEqual([404, 'not-found', false]);
    expect(missing.message).toContain(missing.problem.requestId);
  });

  it('reports a session that is gone; opening the room again creates the next one', async () => {
    const before = await client.openRoom('final', { wait: 10 });
    await client.close(before.id);
    await client.close(before.id);
    const gone = await problemOf(client.waitUntilReady(before.id));
    expect([gone.problem.code, isGone(gone)]).toEqual(['session-closed', true]);
    expect((await client.openRoom('final', { wait: 10 })).generation).toBe(2);
  });

  it('rotates a session, and hands the successor to those who follow the old one or read it later', async () => {
    const before = await client.openRoom('rotated', { products: ['stream'], metadata: { match: 'derby' }, wait: 10 });
    const watching = client.watch(before.id);
    expect((await watching.next()).value).toMatchObject({ status: 'ready' });
    const next = await client.rotate(before.id, { wait: 10 });
    expect(next).toMatchObject({ room: 'rotated', generation: 2, metadata: { match: 'derby' } });
    expect((await watching.next()).value).toMatchObject({ id: before.id, status: 'closed', successor: next.id });
    expect((await watching.next()).done).toBe(true);
    for (const call of [client.read, client.rotate]) {
      const gone = await problemOf(call(before.id));
      expect([isGone(gone), gone.successor]).toEqual([true, next.id]);
    }
  });

  it('takes a seat, is told of a free name if its own is taken, and leaves', async () => {
    const { id } = await client.openRoom('seats', { wait: 10 });
    const counts: object[] = [];
    const stop = new AbortController();
    const watching = client.watch(id, { signal: stop.signal, onSeats: (seats) => counts.push(seats) });
    await watching.next();
    const rest = watching.next().catch(() => undefined);
    const seat = await client.takeSeat(id, { name: 'Anna', role: 'participant' });
    expect(seat).toMatchObject({ session: id, name: 'Anna', role: 'participant' });
    expect(seat.tokens?.stream).toBeDefined();
    const { problem } = await problemOf(client.takeSeat(id, { name: 'anna', role: 'viewer' }));
    expect([problem.code, problem.suggestion]).toEqual(['name-taken', expect.stringMatching(/^anna \d+$/)]);
    await eventually(() => {
      expect(counts).toEqual([{ participants: 1, viewers: 0 }]);
    });
    await seat.leave();
    await eventually(() => {
      expect(counts.at(-1)).toEqual({ participants: 0, viewers: 0 });
    });
    const again = await client.takeSeat(id, { name: 'anna', role: 'viewer' });
    await again.leave();
    stop.abort();
    await rest;
  });

  it('gets the chat token of a user whom a backend vouches for, the same one each time', async () => {
    await testApp.cas.fault({ kind: 'hang', product: 'chat' });
    const waiting = client.chatToken('ann / b', { timeoutMs: 20_000 });
    await testApp.cas.clearFaults();
    const ready = await waiting;
    expect(ready).toMatchObject({
      subject: 'ann / b',
      status: 'ready',
      token: expect.stringMatching(/^eyJ/),
      expiresAt: expect.stringMatching(/Z$/),
      failure: null,
    });
    expect(await client.chatToken('ann / b')).toEqual(ready);
    expect((await problemOf(client.chatToken())).problem.errors).toMatchObject([{ parameter: 'subject' }]);
  });

  it('reports a chat token that failed, without naming its user', async () => {
    await testApp.cas.fault({ kind: 'status', status: 403, product: 'chat' });
    const error: unknown = await client.chatToken('unlucky').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ChatTokenFailedError);
    expect((error as ChatTokenFailedError).chatToken.failure?.code).toBe('cas-credentials-rejected');
    const lost = createClient({ baseUrl: `http://127.0.0.1:${await freePort()}`, credential: 'wtk' });
    const unreached: unknown = await lost.chatToken('unlucky').catch((thrown: unknown) => thrown);
    expect([String(error), String(unreached)].join()).not.toContain('unlucky');
  });

  it('reports a session that failed', async () => {
    await testApp.cas.fault({ kind: 'status', status: 403 });
    const { id } = await client.createSession();
    const error: unknown = await client.waitUntilReady(id).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SessionFailedError);
    expect((error as SessionFailedError).session.failure?.code).toBe('cas-credentials-rejected');
    expect(isGone(error)).toBe(false);
  });

  it('reports a ready session whose tokens the credential may not read', async () => {
    const { apiKey } = await testApp.clientWith('rooms:open', 'sessions:read');
    const blind = createClient({ baseUrl: testApp.gateway.url, credential: String(apiKey) });
    const opened = await blind.openRoom('withheld');
    await expect(blind.waitUntilReady(opened)).rejects.toBeInstanceOf(TokensWithheldError);
  });

  it('stops waiting at the timeout, or when its caller aborts', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const pending = await client.createSession();
    const late = client.waitUntilReady(pending, { timeoutMs: 100 });
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' });
    const given = client.waitUntilReady(pending, { signal: AbortSignal.abort() });
    await expect(given).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('runs the snippet of its README', async () => {
    const code = snippet('clients/typescript/README.md', 'client').replace(/^import .*\n/gm, '');
    const connected: string[] = [];
    const params = {
      createClient,
      baseUrl: testApp.gateway.url,
      apiKey: testApp.apiKey,
      connect: (t: string) => connected.push(t),
    };
    await runSnippet(code, params);
    const { tokens } = await client.openRoom('semi-final');
    expect(connected).toEqual([tokens?.stream]);
  });

  it('issues tickets, for a session and for a room, with which a page does the rest', async () => {
    const { id } = await client.openRoom('tickets', { wait: 10 });
    const issued = [
      await client.issueTicket({ tokenId: id }, { subject: 'anna', ttlS: 60 }),
      await client.issueTicket({ room: 'tickets' }, { subject: 'anna', name: 'Anna', scopes: ['sessions:read'] }),
    ];
    for (const { ticket, expiresAt } of issued) {
      expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
      const page = createClient({ baseUrl: testApp.url, credential: ticket });
      expect((await page.read(id)).status).toBe('ready');
      const refused = await problemOf(page.issueTicket({ tokenId: id }, { subject: 'ben' }));
      expect([refused.status, refused.problem.code]).toEqual([403, 'insufficient-scope']);
    }
    expect(await problemOf(client.issueTicket({ room: 'tickets' }, { subject: '' }))).toMatchObject({ status: 422 });
  });

  it('watches a session until its end', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const { id } = await client.createSession();
    const seen: string[] = [];
    for await (const session of client.watch(id)) {
      expect(session.tokens).toBeUndefined();
      seen.push(session.status);
      if (session.status === 'pending') await testApp.cas.clearFaults();
      if (session.status === 'ready') await client.close(id);
    }
    expect(seen).toEqual(['pending', 'ready', 'closed']);
    await expect(client.watch(id).next()).rejects.toMatchObject({ status: 410 });
    await expect(client.watch('ses_0000000000000000000000').next()).rejects.toMatchObject({ status: 404 });
  });
});

describe('against a server that misbehaves', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  });

  const startServer = async (listener: RequestListener): Promise<AuthClient> => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return createClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, credential: 'wtk' });
  };

  const session = (status: Session['status'], version: number) => {
    const known = { id: 'ses_1', room: 'dérby ⚽', generation: 1, status, version, products: ['stream'], metadata: {} };
    return { ...known, createdAt: '', readyAt: null, expiresAt: null, failure: null };
  };
  const busy = { code: 'overloaded', retryable: true, detail: 'busy', requestId: 'req_1' };

  it('waits for Retry-After, then repeats the same request with the same key', async () => {
    const seen: { key: unknown; body: string; at: number }[] = [];
    const patient = await startServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        const n = seen.push({ key: request.headers['idempotency-key'], body, at: performance.now() });
        const headers = { 'content-type': 'application/problem+json', 'retry-after': '1' };
        if (n <= 2) response.writeHead(503, headers).end(JSON.stringify(busy));
        else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(session('ready', 2)));
      });
    });
    expect((await patient.createSession({ metadata: { a: 1 } })).status).toBe('ready');
    expect(seen.map(({ body }) => body)).toEqual(Array(3).fill('{"metadata":{"a":1}}'));
    expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
    expect(seen[0]?.key).toMatch(/^[\da-f-]{36}$/);
    expect(seen[1]!.at - seen[0]!.at).toBeGreaterThanOrEqual(990);
    expect(seen[2]!.at - seen[1]!.at).toBeGreaterThanOrEqual(990);
  });

  it('honors Retry-After between reads of a server that holds no responses', async () => {
    let reads = 0;
    const impatient = await startServer((_request, response) => {
      const now = { ...session(++reads < 3 ? 'pending' : 'ready', reads), tokens: { stream: 'eyJ' } };
      response.writeHead(200, { 'content-type': 'application/json', 'retry-after': '1' }).end(JSON.stringify(now));
    });
    const start = performance.now();
    await impatient.waitUntilReady('ses_1');
    expect([reads, performance.now() - start > 1980]).toEqual([3, true]);
  });

  it('watches through cuts, heartbeats, refusals and split characters', async () => {
    const connects: unknown[] = [];
    const event = (status: Session['status'], version: number) =>
      Buffer.from(`: beat\n\nid: ${version}\nevent: session\ndata: ${JSON.stringify(session(status, version))}\n\n`);
    const watched = await startServer((request, response) => {
      const n = connects.push([request.url, request.headers.authorization, request.headers['last-event-id'] ?? null]);
      const open = () => response.writeHead(200, { 'content-type': 'text/event-stream' });
      const play = async () => {
        if (n === 2) response.writeHead(503, { 'retry-after': '0' }).end();
        else if (n === 1) {
          open();
          const bytes = event('pending', 1);
          for (let at = 0; at < bytes.length; at += 1) {
            response.write(bytes.subarray(at, at + 1));
            await setImmediate();
          }
          // Half an event, then the line goes dead.
          response.write(event('ready', 2).subarray(0, 40), () => response.destroy());
        } else if (n === 3) open().end(event('ready', 2));
        else open().write(event('closed', 3));
      };
      void play();
    });
    const seen: Session[] = [];
    for await (const now of watched.watch('ses_1')) seen.push(now);
    expect(seen).toEqual([session('pending', 1), session('ready', 2), session('closed', 3)]);
    const path = '/v1/sessions/ses_1/events';
    expect(connects).toEqual([null, '1', '1', '2'].map((id) => [path, 'Bearer wtk', id]));
  });

  it('stops watching when its caller aborts, and closes the connection', async () => {
    let closed = 0;
    const endless = await startServer((_request, response) => {
      response.on('close', () => closed++);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`id: 1\nevent: session\ndata: ${JSON.stringify(session('ready', 1))}\n\n`);
    });
    const controller = new AbortController();
    const watching = endless.watch('ses_1', { signal: controller.signal });
    await watching.next();
    const next = watching.next();
    controller.abort();
    await expect(next).rejects.toMatchObject({ name: 'AbortError' });
    for await (const _ of endless.watch('ses_1')) break;
    await eventually(() => {
      expect(closed).toBe(2);
    });
  });

  it('reports promptly where there is no server, and which address that was', async () => {
    const port = await freePort();
    const lost = createClient({ baseUrl: `http://127.0.0.1:${port}`, credential: 'wtk' });
    const start = performance.now();
    const error: unknown = await lost.openRoom('derby').catch((thrown: unknown) => thrown);
    expect(performance.now() - start).toBeLessThan(2000);
    expect(error).toBeInstanceOf(ConnectionError);
    const where = `http://127.0.0.1:${port}`;
    expect(error).toMatchObject({
      code: 'ECONNREFUSED',
      url: `${where}/v1/rooms/derby/session`,
      message: `No response from ${where}: ECONNREFUSED (PUT /v1/rooms/derby/session, 2 attempts)`,
    });
  });

  it('reports a response that is not a problem document', async () => {
    const proxied = await startServer((_request, response) => response.writeHead(403).end('<h1>blocked</h1>'));
    await expect(proxied.read('ses_1')).rejects.toThrow('responded with 403');
  });
});
