import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import {
  CasBadReplyError,
  CasRateLimitedError,
  type CasCall,
  CasCallAbortedError,
  CasClient,
  CasClientModule,
  CasCredentialsRejectedError,
  CasError,
  CasRejectedError,
  CasUnavailableError,
} from '@app/cas-client';
import { SettingsModule } from '@app/config';
import { sleep, PRODUCTS } from '@app/kernel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  fingerprint,
  type FaultCommand,
  type RunningSandbox,
  startCasSandbox,
  VENDOR_TEXT,
} from '../support/cas-sandbox.js';

const TIMEOUT_MS = 700;
/** What the machine may add to a deadline. */
const SLACK_MS = 500;
const MAX_TTL_S = 86_400;

let sandbox: RunningSandbox;
const cleanups: (() => Promise<unknown>)[] = [];

interface ClientOptions {
  url?: string;
  apiSecret?: string;
  timeoutMs?: number;
  tokenMaxTtlS?: number;
  httpsProxy?: string;
  noProxy?: string;
}

async function startModule({
  httpsProxy,
  noProxy = '',
  timeoutMs = TIMEOUT_MS,
  tokenMaxTtlS = MAX_TTL_S,
  ...options
}: ClientOptions = {}): Promise<TestingModule> {
  const { url, apiKey, apiSecret } = sandbox;
  const endpoint = { name: 'cas', url, apiKey, apiSecret, ...options };
  const egress = { proxy: httpsProxy === undefined ? undefined : new URL(httpsProxy), noProxy, extraCa: [] };
  const cas = { endpoints: [endpoint], timeoutMs, tokenMaxTtlS };
  const module = await Test.createTestingModule({
    imports: [SettingsModule.with({ cas, egress }), CasClientModule],
  }).compile();
  cleanups.push(() => module.close());
  return module;
}

/** Every header that a request carried, as it was written. */
function headerNames(request: IncomingMessage | undefined): string[] {
  return (request?.rawHeaders ?? []).filter((_, index) => index % 2 === 0).sort();
}

async function startClient(options: ClientOptions = {}): Promise<CasClient> {
  return (await startModule(options)).get(CasClient);
}

async function listen<S extends Server | TcpServer>(server: S): Promise<{ server: S; port: number }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** A vendor that answers as told, and keeps what it was asked. */
async function startVendor(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: IncomingMessage[] = [];
  let connections = 0;
  const { server, port } = await listen(
    createHttpServer((request, response) => {
      requests.push(request);
      answer(request, response);
    }),
  );
  server.on('connection', () => (connections += 1));
  return { url: `http://127.0.0.1:${port}`, requests, connections: () => connections };
}

/** A vendor that writes these bytes on every connection, and then ends it. */
async function startRawVendor(bytes: string): Promise<string> {
  const { port } = await listen(createTcpServer((socket) => socket.once('data', () => socket.end(bytes))));
  return `http://127.0.0.1:${port}`;
}

const goodToken = () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ typ: 'JWT', alg: 'HS256' })}.${part({ rid: 'x', exp: Math.floor(Date.now() / 1000) + 60 })}.c2ln`;
};

/** The error of a call; looked through for anything that must not get out, and for the time it took. */
async function refusal(minting: Promise<unknown>, withinMs = TIMEOUT_MS + SLACK_MS): Promise<CasError> {
  const started = performance.now();
  const error: unknown = await minting.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CasError);
  expect(performance.now() - started).toBeLessThan(withinMs);
  const { message, stack } = error as CasError;
  const shown = inspect(error, { depth: null, showHidden: true }) + message + String(stack);
  for (const secret of [VENDOR_TEXT, sandbox.apiKey, sandbox.apiSecret]) expect(shown).not.toContain(secret);
  expect(shown).not.toMatch(/eyJ[\w-]+\./);
  return error as CasError;
}

async function eventually(assertion: () => void | Promise<void>, deadlineMs = 5000): Promise<void> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      await assertion();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(20);
    }
  }
}

beforeAll(async () => {
  sandbox = await startCasSandbox();
});

afterAll(async () => {
  await sandbox.close();
});

beforeEach(async () => {
  await sandbox.clearFaults();
  await sandbox.clearJournal();
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('a good call', () => {
  it.each(PRODUCTS)('brings the token for %s byte for byte, with its expiry', async (product) => {
    const client = await startClient();
    const { token, expiresAt } = await client.mint(product);
    const path = product === 'stream' ? '/stream/token/v2/' : '/sync/token/';
    expect(await sandbox.journal()).toEqual([
      expect.objectContaining({
        product,
        path,
        status: 200,
        credentials: 'valid',
        tokenFingerprint: fingerprint(token),
      }),
    ]);
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number };
    expect(expiresAt).toEqual(new Date(exp * 1000));
  });

  it.each(['ann', 'a b+c', 'ann&sub=ben', "o'neil/#?%20", 'zo\u00eb \u{1f388}', '\u4e00'.repeat(255)])(
    'brings a chat token for the user %j, who is named to CAS alone',
    async (sub) => {
      const client = await startClient();
      const { token } = await client.mint('chat', { sub });
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string };
      expect(claims.sub).toBe(sub);
      expect(await sandbox.journal()).toMatchObject([
        { product: 'chat', path: '/public-chat/token/', status: 200, subFingerprint: fingerprint(sub) },
      ]);
      await sandbox.fault({ kind: 'status', status: 400, product: 'chat', times: 1 });
      const error = await refusal(client.mint('chat', { sub }));
      expect(inspect(error, { depth: null, showHidden: true }) + String(error.stack)).not.toContain(sub);
    },
  );

  it('keeps the user of a chat token through a redirect', async () => {
    const client = await startClient();
    const location = '/public-chat/token/?sub=ann%2Fb';
    await sandbox.fault({ kind: 'redirect', location, product: 'chat', times: 1 });
    const { token } = await client.mint('chat', { sub: 'ann/b' });
    expect(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).toContain('"sub":"ann/b"');
  });

  it('mints another session at the vendor’s each time', async () => {
    const client = await startClient();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => client.mint('stream')));
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(20);
    expect(new Set((await sandbox.journal()).map(({ rid }) => rid)).size).toBe(20);
  });

  it('sends the documented headers, over connections that are kept', async () => {
    const vendor = await startVendor((_request, response) => response.end(JSON.stringify({ token: goodToken() })));
    const client = await startClient({ url: `${vendor.url}/` });
    for (let call = 0; call < 10; call += 1) await client.mint(call === 0 ? 'sync' : 'stream');
    const [first] = vendor.requests;
    expect(first).toMatchObject({ method: 'GET', url: '/sync/token/' });
    // All of them: a secret under another name would be masked by no proxy.
    expect(headerNames(first)).toEqual([
      'Accept',
      'Auth-API-Key',
      'Auth-API-Secret',
      'User-Agent',
      'connection',
      'host',
    ]);
    expect(first?.headers).toMatchObject({
      'auth-api-key': sandbox.apiKey,
      'auth-api-secret': sandbox.apiSecret,
      accept: 'application/json',
    });
    // undici opens a second one when the first has not quite finished with the reply before.
    expect(vendor.connections()).toBeLessThanOrEqual(2);
  });

  it('goes below the path of CAS_URL, and takes fields that it does not know', async () => {
    const token = goodToken();
    const vendor = await startVendor((_request, response) => response.end(JSON.stringify({ token, extra: [1] })));
    const client = await startClient({ url: `${vendor.url}/eu/cas` });
    expect((await client.mint('stream')).token).toBe(token);
    expect(vendor.requests[0]?.url).toBe('/eu/cas/stream/token/v2/');
  });

  it('is reported to observers, as every other one', async () => {
    const client = await startClient();
    const calls: CasCall[] = [];
    client.observe((call) => calls.push(call));
    await client.mint('sync');
    await sandbox.fault({ kind: 'status', status: 429, times: 1 });
    await refusal(client.mint('stream'));
    expect(calls).toEqual([
      { endpoint: 'cas', product: 'sync', outcome: 'ok', status: null, seconds: expect.any(Number) },
      { endpoint: 'cas', product: 'stream', outcome: 'cas-unavailable', status: 429, seconds: expect.any(Number) },
    ]);
  });
});

describe('the sandbox, read by the letter of the contract', () => {
  const headers = () => ({ 'Auth-API-Key': sandbox.apiKey, 'Auth-API-Secret': sandbox.apiSecret });

  it('issues chat tokens for one user', async () => {
    const response = await fetch(`${sandbox.url}/public-chat/token/?sub=ann%2Fb`, { headers: headers() });
    const { token } = (await response.json()) as { token: string };
    expect(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).toContain('"sub":"ann/b"');
    expect((await fetch(`${sandbox.url}/public-chat/token/`, { headers: headers() })).status).toBe(400);
  });

  it('redirects to the path with the slash', async () => {
    const response = await fetch(`${sandbox.url}/stream/token/v2?a=b`, { headers: headers(), redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([301, '/stream/token/v2/?a=b']);
  });

  it('tells missing from wrong credentials, in the journal alone', async () => {
    const url = `${sandbox.url}/sync/token/`;
    const replies = [await fetch(url), await fetch(url, { headers: { ...headers(), 'Auth-API-Secret': 'no' } })];
    expect(replies.map(({ status }) => status)).toEqual([401, 401]);
    expect((await sandbox.journal()).map(({ credentials }) => credentials)).toEqual(['missing', 'invalid']);
    expect((await sandbox.summary()).total).toEqual({ calls: 2, tokens: 0 });
  });

  it('refuses a command that it does not understand, and says why', async () => {
    await expect(sandbox.fault({ kind: 'status' } as FaultCommand)).rejects.toThrow(/status/);
    expect(await sandbox.faults()).toEqual([]);
  });
});

describe('fault 10: CAS is down', () => {
  it.each([408, 425, 500, 501, 502, 503, 504, 529])('takes %i for unavailable', async (status) => {
    const client = await startClient();
    await sandbox.fault({ kind: 'status', status });
    const error = await refusal(client.mint('stream'));
    expect(error).toBeInstanceOf(CasUnavailableError);
    expect(error).not.toBeInstanceOf(CasRateLimitedError);
    expect(error.cause).toBeUndefined();
    expect((await sandbox.summary()).total.calls).toBe(1);
  });

  it('takes a cut connection for unavailable, makes no second attempt, and recovers', async () => {
    const client = await startClient();
    await client.mint('stream');
    await sandbox.fault({ kind: 'reset', times: 1 });
    const error = await refusal(client.mint('stream'));
    expect(error).toMatchObject({ code: 'cas-unavailable', cause: { code: 'ECONNRESET' } });
    expect((await sandbox.summary()).total.calls).toBe(2);
    await client.mint('stream');
  });

  it('takes a refused connection for unavailable', async () => {
    const vendor = await startVendor(() => undefined);
    await cleanups.pop()?.();
    const error = await refusal((await startClient({ url: vendor.url })).mint('sync'));
    expect(error).toMatchObject({ code: 'cas-unavailable', cause: { code: 'ECONNREFUSED' } });
  });

  it('takes a name that does not resolve for unavailable', async () => {
    const error = await refusal((await startClient({ url: 'http://cas.invalid', timeoutMs: 2000 })).mint('sync'), 2500);
    expect(error.code).toBe('cas-unavailable');
  });

  it.each([
    ['the body', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"token":"'],
    [
      'a chunk',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nff\r\n{"token":"${VENDOR_TEXT}`,
    ],
    ['the head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['silence', ''],
  ])('takes an answer that ends in the middle of %s for unavailable', async (_where, bytes) => {
    const client = await startClient({ url: await startRawVendor(bytes) });
    expect((await refusal(client.mint('sync'))).code).toBe('cas-unavailable');
  });
});

describe('fault 11: CAS is busy', () => {
  const inSeconds = (s: number) => new Date(Date.now() + s * 1000).toUTCString();

  it.each([
    ['seconds', '7', 7000, 7000],
    ['none at all', undefined, undefined, undefined],
    ['zero', '0', 1000, 1000],
    ['ten to the ninth', '1000000000', 60_000, 60_000],
    ['a date', inSeconds(30), 10_000, 30_000],
    ['a date far away', inSeconds(86_400), 60_000, 60_000],
    ['a date gone by', 'Sun, 06 Nov 1994 08:49:37 GMT', 1000, 1000],
    ['garbage', `soon ${VENDOR_TEXT}`, undefined, undefined],
  ])('waits as told by %s', async (_what, retryAfter, atLeast, atMost) => {
    const client = await startClient();
    for (const status of [429, 503]) {
      await sandbox.fault({ kind: 'status', status, times: 1, ...(retryAfter !== undefined && { retryAfter }) });
      const error = await refusal(client.mint('sync'));
      if (!(error instanceof CasUnavailableError)) throw error;
      expect(error instanceof CasRateLimitedError).toBe(status === 429);
      if (atLeast === undefined) {
        expect(error.retryAfterMs).toBeUndefined();
        continue;
      }
      expect(error.retryAfterMs).toBeGreaterThanOrEqual(atLeast);
      expect(error.retryAfterMs).toBeLessThanOrEqual(atMost);
    }
  });
});

describe('fault 12: CAS refuses', () => {
  it.each([
    [400, CasRejectedError, 'cas-rejected'],
    [404, CasRejectedError, 'cas-rejected'],
    [410, CasRejectedError, 'cas-rejected'],
    [422, CasRejectedError, 'cas-rejected'],
    [401, CasCredentialsRejectedError, 'cas-credentials-rejected'],
    [403, CasCredentialsRejectedError, 'cas-credentials-rejected'],
  ] as const)('sorts %i', async (status, kind, code) => {
    const client = await startClient();
    await sandbox.fault({ kind: 'status', status });
    const error = await refusal(client.mint('stream'));
    expect(error).toBeInstanceOf(kind);
    expect(error.code).toBe(code);
    expect((await sandbox.summary()).total.calls).toBe(1);
  });

  it('sorts a wrong secret', async () => {
    const client = await startClient({ apiSecret: 'wrong' });
    expect(await refusal(client.mint('stream'))).toBeInstanceOf(CasCredentialsRejectedError);
  });
});

describe('fault 13: CAS is slow', () => {
  it('waits for an answer that comes in time', async () => {
    const client = await startClient();
    await sandbox.fault({ kind: 'delay', delayMs: 300, times: 1 });
    await client.mint('stream');
  });

  it('ends at the deadline without any answer, and leaves nothing behind', async () => {
    const client = await startClient();
    await sandbox.fault({ kind: 'hang', times: 1 });
    const started = performance.now();
    expect(await refusal(client.mint('stream'))).toBeInstanceOf(CasUnavailableError);
    expect(performance.now() - started).toBeGreaterThan(TIMEOUT_MS - 20);
    await eventually(async () => {
      expect(await sandbox.held()).toBe(0);
    });
    await client.mint('stream');
  });

  it('ends at the one deadline when the body drips', async () => {
    const client = await startClient();
    await sandbox.fault({ kind: 'drip' });
    const started = performance.now();
    expect(await refusal(client.mint('stream'))).toBeInstanceOf(CasUnavailableError);
    expect(performance.now() - started).toBeGreaterThan(TIMEOUT_MS - 50);
  });

  it('ends at the one deadline when a redirect has used up most of it', async () => {
    const client = await startClient();
    await sandbox.fault({ kind: 'redirect', location: '/sync/token/', delayMs: 400, times: 1 });
    await sandbox.fault({ kind: 'delay', delayMs: 400, times: 1 });
    expect(await refusal(client.mint('sync'))).toBeInstanceOf(CasUnavailableError);
  });

  it('does not wait for an error page that drips: the status has said it all', async () => {
    let closed = 0;
    const vendor = await startVendor((_request, response) => {
      response.writeHead(401);
      const timer = setInterval(() => response.write('x'), 50);
      response.on('close', () => {
        clearInterval(timer);
        closed += 1;
      });
    });
    const client = await startClient({ url: vendor.url, timeoutMs: 20_000 });
    expect(await refusal(client.mint('sync'))).toBeInstanceOf(CasCredentialsRejectedError);
    await eventually(() => {
      expect(closed).toBe(1);
    });
  });

  it('ends at the deadline, not at undici’s coarse one, when the connection never comes to be', async () => {
    // An unanswered TLS handshake counts as connecting.
    const { port } = await listen(createTcpServer(() => undefined));
    const client = await startClient({ url: `https://127.0.0.1:${port}`, timeoutMs: 200 });
    for (const product of PRODUCTS)
      expect(await refusal(client.mint(product), 600)).toBeInstanceOf(CasUnavailableError);
  });
});

describe('fault 14: CAS answers nonsense', () => {
  it.each([
    ['garbage', 'not-json'],
    ['wrong-type', 'no-token'],
    ['empty', 'not-json'],
    ['no-token', 'no-token'],
    ['not-a-jwt', 'not-a-jwt'],
    ['expired-token', 'expired'],
  ] as const)('refuses %s', async (kind, reason) => {
    const client = await startClient();
    await sandbox.fault({ kind });
    const error = await refusal(client.mint('stream'));
    expect(error).toBeInstanceOf(CasBadReplyError);
    expect(error).toMatchObject({ code: 'cas-bad-reply', reason });
    expect(error.cause).toBeUndefined();
  });

  it.each(['far-token', 'no-exp'] as const)('caps the life of %s', async (kind) => {
    const client = await startClient({ tokenMaxTtlS: 600 });
    await sandbox.fault({ kind });
    const before = Date.now();
    const expiresAt = (await client.mint('sync')).expiresAt.getTime();
    expect(expiresAt).toBeGreaterThanOrEqual(before + 600_000);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 600_000);
  });

  it.each([201, 202, 204, 206, 300, 304])('takes %i for a bad reply', async (status) => {
    const client = await startClient();
    await sandbox.fault({ kind: 'status', status });
    expect(await refusal(client.mint('stream'))).toMatchObject({ code: 'cas-bad-reply', reason: 'unexpected-status' });
  });

  it('takes what is not HTTP for a bad reply', async () => {
    const client = await startClient({ url: await startRawVendor(`SSH-2.0-${VENDOR_TEXT}\r\n`) });
    expect(await refusal(client.mint('stream'))).toMatchObject({ code: 'cas-bad-reply', reason: 'not-http' });
  });
});

describe('fault 15: CAS answers too much', () => {
  it.each([
    ['huge', 'too-big'],
    ['gzip-bomb', 'encoded'],
  ] as const)('stops reading %s, with flat memory', async (kind, reason) => {
    const client = await startClient({ timeoutMs: 5000 });
    await sandbox.fault({ kind });
    const inUse = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    const before = inUse();
    for (let call = 0; call < 5; call += 1) {
      expect(await refusal(client.mint('stream'))).toMatchObject({ code: 'cas-bad-reply', reason });
    }
    expect(inUse() - before).toBeLessThan(50_000_000);
  });

  it('reads up to 64 KiB, and not a byte more', async () => {
    let length = 64 * 1024;
    const vendor = await startVendor((_request, response) =>
      response.end(JSON.stringify({ token: goodToken() }).padEnd(length, ' ')),
    );
    const client = await startClient({ url: vendor.url });
    await client.mint('sync');
    length += 1;
    expect(await refusal(client.mint('sync'))).toMatchObject({ reason: 'too-big' });
  });
});

describe('an error page without an end', () => {
  it('is cut off, and costs neither the memory of its size nor the time of its end', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let sent = 0;
    let closed = false;
    const vendor = await startVendor((_request, response) => {
      response.writeHead(500);
      response.on('close', () => (closed = true));
      const write = (): void => {
        while (!closed && response.write(chunk)) sent += chunk.length;
      };
      response.on('drain', write);
      write();
    });
    const client = await startClient({ url: vendor.url });
    expect(await refusal(client.mint('stream'))).toMatchObject({ code: 'cas-unavailable' });
    const answeredAt = performance.now();
    await eventually(() => {
      expect(closed).toBe(true);
    });
    // At the cap, and not only when the time for draining an unwanted body is over.
    expect(performance.now() - answeredAt).toBeLessThan(500);
    // What the sockets of both sides hold, and no more.
    expect(sent).toBeLessThan(20 * 1024 * 1024);
  });
});

describe('fault 16: CAS redirects', () => {
  it('and is sent the same headers after it, and no others', async () => {
    const vendor = await startVendor((request, response) => {
      if (request.url === '/elsewhere/') response.end(JSON.stringify({ token: goodToken() }));
      else response.writeHead(302, { location: '/elsewhere/' }).end();
    });
    await (await startClient({ url: vendor.url })).mint('stream');
    const [first, second] = vendor.requests.map(headerNames);
    expect(second).toEqual(first);
  });

  it.each([301, 302, 303, 307, 308] as const)('follows %i once, inside the origin', async (status) => {
    const client = await startClient();
    await sandbox.fault({ kind: 'redirect', status, location: '/sync/token/?again', times: 1 });
    const { token } = await client.mint('sync');
    expect((await sandbox.journal()).map((call) => [call.path, call.status, call.credentials])).toEqual([
      ['/sync/token/', status, 'valid'],
      ['/sync/token/?again', 200, 'valid'],
    ]);
    expect((await sandbox.journal())[1]?.tokenFingerprint).toBe(fingerprint(token));
  });

  it('does not go round in circles', async () => {
    const client = await startClient();
    await sandbox.fault({ kind: 'redirect', location: '/sync/token/' });
    expect(await refusal(client.mint('sync'))).toMatchObject({ code: 'cas-bad-reply', reason: 'redirect' });
    expect((await sandbox.summary()).total.calls).toBe(2);
  });

  it('never goes to another origin, also not from a redirect inside', async () => {
    const other = await startVendor((_request, response) => response.end(JSON.stringify({ token: goodToken() })));
    const client = await startClient();
    const { port } = new URL(sandbox.url);
    const elsewhere = [
      `${other.url}/sync/token/`,
      other.url.replace('http:', ''),
      `http://127.0.0.1:${port}@${new URL(other.url).host}/`,
    ];
    for (const location of elsewhere) {
      await sandbox.fault({ kind: 'redirect', location, times: 1 });
      expect(await refusal(client.mint('sync'))).toMatchObject({ code: 'cas-bad-reply', reason: 'redirect' });
    }
    await sandbox.fault({ kind: 'redirect', location: '/sync/token/', times: 1 });
    await sandbox.fault({ kind: 'redirect', location: other.url, times: 1 });
    await refusal(client.mint('sync'));
    expect(other.connections()).toBe(0);
  });

  it('takes a redirect to nowhere for a bad reply', async () => {
    const client = await startClient();
    await sandbox.fault({ kind: 'status', status: 302 });
    expect(await refusal(client.mint('sync'))).toMatchObject({ code: 'cas-bad-reply', reason: 'redirect' });
  });
});

describe('a caller that gives up', () => {
  it('ends the call at once', async () => {
    const client = await startClient({ timeoutMs: 20_000 });
    await sandbox.fault({ kind: 'hang', times: 1 });
    const controller = new AbortController();
    const minting = refusal(client.mint('stream', { signal: controller.signal }), 5000);
    await eventually(async () => {
      expect(await sandbox.held()).toBe(1);
    });
    controller.abort();
    expect(await minting).toBeInstanceOf(CasCallAbortedError);
    await eventually(async () => {
      expect(await sandbox.held()).toBe(0);
    });
  });

  it('ends the call at once while it is still connecting', async () => {
    const { port } = await listen(createTcpServer(() => undefined));
    const client = await startClient({ url: `https://127.0.0.1:${port}`, timeoutMs: 20_000 });
    expect(await refusal(client.mint('stream', { signal: AbortSignal.timeout(100) }), 1000)).toBeInstanceOf(
      CasCallAbortedError,
    );
  });

  it('makes no call when it gave up before', async () => {
    const client = await startClient();
    expect(await refusal(client.mint('stream', { signal: AbortSignal.abort() }))).toBeInstanceOf(CasCallAbortedError);
    expect((await sandbox.summary()).total.calls).toBe(0);
  });

  it('may shut down: calls under way end, later ones are refused', async () => {
    const module = await startModule({ timeoutMs: 20_000 });
    const client = module.get(CasClient);
    await sandbox.fault({ kind: 'hang', times: 1 });
    const minting = refusal(client.mint('stream'), 5000);
    await eventually(async () => {
      expect(await sandbox.held()).toBe(1);
    });
    await module.close();
    expect(await minting).toBeInstanceOf(CasCallAbortedError);
    expect(await refusal(client.mint('stream'))).toBeInstanceOf(CasCallAbortedError);
  });

  it('gets its token when a held reply is released', async () => {
    const client = await startClient({ timeoutMs: 20_000 });
    await sandbox.fault({ kind: 'hang', times: 1 });
    const minting = client.mint('stream');
    await eventually(async () => {
      expect(await sandbox.release()).toBe(1);
    });
    expect((await sandbox.journal())[0]).toMatchObject({
      fault: 'hang',
      status: 200,
      tokenFingerprint: fingerprint((await minting).token),
    });
  });
});

describe('a proxy', () => {
  async function startProxy(answer: (socket: Socket) => void) {
    const targets: IncomingMessage[] = [];
    const { server, port } = await listen(createHttpServer());
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      targets.push(request);
      answer(socket);
    });
    return { url: `http://user:proxy-word@127.0.0.1:${port}`, targets };
  }

  it('is asked for a tunnel to a CAS on https, and never sees the credentials of CAS', async () => {
    const proxy = await startProxy((socket) => socket.end(`HTTP/1.1 502 ${VENDOR_TEXT}\r\n\r\n`));
    const client = await startClient({ url: 'https://cas.example', httpsProxy: proxy.url, noProxy: 'other.example' });
    const error = await refusal(client.mint('stream'));
    expect(error).toBeInstanceOf(CasUnavailableError);
    expect((error.cause as Error).message).toMatch(/^proxy 127\.0\.0\.1:\d+ answered 502 to CONNECT$/);
    expect(inspect(error, { depth: null })).not.toContain('proxy-word');
    expect(proxy.targets).toHaveLength(1);
    expect(proxy.targets[0]?.url).toBe('cas.example:443');
    expect(JSON.stringify(proxy.targets[0]?.rawHeaders)).not.toContain(sandbox.apiKey);
  });

  it('that does not answer costs one deadline per call, no more', async () => {
    let deaf = true;
    const proxy = await startProxy((socket) => {
      if (!deaf) socket.end('HTTP/1.1 502 No\r\n\r\n');
    });
    const client = await startClient({ url: 'https://cas.example', httpsProxy: proxy.url });
    await refusal(client.mint('stream'));
    deaf = false;
    await eventually(async () => {
      await refusal(client.mint('stream'));
      expect(proxy.targets.length).toBeGreaterThan(1);
    });
  });

  it('is left alone for hosts in NO_PROXY, on loopback, and for a CAS on http', async () => {
    const proxy = await startProxy((socket) => socket.end('HTTP/1.1 502 No\r\n\r\n'));
    const { port } = await listen(createTcpServer((socket) => socket.destroy()));
    const loopback = await startClient({ url: `https://127.0.0.1:${port}`, httpsProxy: proxy.url });
    await refusal(loopback.mint('stream'));
    const exempt = { url: 'https://cas.invalid', httpsProxy: proxy.url, noProxy: '.invalid', timeoutMs: 2000 };
    await refusal((await startClient(exempt)).mint('stream'), 2500);
    await (await startClient({ httpsProxy: proxy.url })).mint('stream');
    expect(proxy.targets).toHaveLength(0);
  });
});
