import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Client, Reply } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { type RawReply, sendRaw } from '../support/raw-http.js';

interface ProblemBody {
  code: string;
  status: number;
  detail: string;
  errors?: { detail: string; pointer?: string; parameter?: string; header?: string }[];
}

const LIMIT = 64 * 1024;

let testApp: TestApp;
let client: Client;
let before: number;

beforeAll(async () => {
  testApp = await TestApp.open({ worker: false });
  client = testApp.client;
});
afterAll(() => testApp.end());
beforeEach(async () => {
  before = await testApp.sessions();
});
/** Bad input makes nothing and is no fault of ours. */
afterEach(async () => {
  expect(await testApp.sessions()).toBe(before);
  expect(testApp.log.filter((line) => line.level >= 50)).toEqual([]);
});

/** The status, the code and where the fault is. */
function outcome(reply: Reply<unknown>): [number, string, string[]] {
  expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(reply.headers['request-id']).toMatch(/^req_/);
  const { code, status, errors } = reply.body as ProblemBody;
  expect(status).toBe(reply.status);
  return [
    reply.status,
    code,
    (errors ?? []).map(({ pointer, parameter, header }) => pointer ?? parameter ?? header ?? ''),
  ];
}

const both: [string, (body: unknown, headers?: Record<string, string>) => Promise<Reply<unknown>>][] = [
  ['creating a session', (body, headers = {}) => client.create({ body, headers })],
  ['opening a room', (body, headers = {}) => client.openRoom('derby', { body, headers })],
];

describe.each(both)('when %s', (_name, send) => {
  it.each([
    [{ product: ['stream'] }, ['#/product']],
    [{ tokens: {}, id: 'x', room: 'y' }, ['#/tokens', '#/id', '#/room']],
    [{ 'a/b~c': 1 }, ['#/a~1b~0c']],
    [{ products: 'stream' }, ['#/products']],
    [{ products: {} }, ['#/products']],
    [{ products: null }, ['#/products']],
    [{ products: [] }, ['#/products']],
    [{ products: ['video'] }, ['#/products/0']],
    [{ products: ['stream', null] }, ['#/products/1']],
    [{ products: ['stream', 'stream'] }, ['#/products']],
    [{ products: ['stream', 'sync', 'stream'] }, ['#/products']],
    [{ metadata: [] }, ['#/metadata']],
    [{ metadata: 'x' }, ['#/metadata']],
    [{ metadata: null }, ['#/metadata']],
    [{ metadata: { a: 'x'.repeat(4089) } }, ['#/metadata']],
    [{ metadata: { a: 'ü'.repeat(2045) } }, ['#/metadata']],
    [{ metadata: { a: '\0' } }, ['#/metadata']],
    [{ metadata: { '\0': 'a' } }, ['#/metadata']],
    [{ metadata: { a: [{ b: '\ud800' }] } }, ['#/metadata']],
    [{ metadata: { '\udc00': 'a' } }, ['#/metadata']],
    [{ products: ['x'], metadata: 7, other: 1 }, ['#/products/0', '#/metadata', '#/other']],
    [[], ['#']],
    ['"text"', ['#']],
    ['7', ['#']],
    ['true', ['#']],
    ['null', ['#']],
    ['{"__proto__": {"admin": true}}', ['#/__proto__']],
    ['{"constructor": {"prototype": {"admin": true}}}', ['#/constructor']],
    ['{"products": ["stream"], "__proto__": {"products": ["sync"]}}', ['#/__proto__']],
  ])('the body %j is 422, and every fault has its place', async (body, places) => {
    const [status, code, pointers] = outcome(await send(body));
    expect([status, code, pointers.sort()]).toEqual([422, 'validation-failed', [...places].sort()]);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  it('metadata in 30,000 levels is 422', async () => {
    const body = `{"metadata":{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`;
    expect(outcome(await send(body))).toEqual([422, 'validation-failed', ['#/metadata']]);
  });

  it.each([
    ['lists that never close', '['.repeat(LIMIT), 400, []],
    ['lists in lists', '['.repeat(LIMIT / 2) + ']'.repeat(LIMIT / 2), 422, ['#']],
    ['objects in objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 422, ['#/a']],
    ['quotes that never close', `{"${'\\"'.repeat(LIMIT / 2 - 1)}`, 400, []],
  ])('64 KiB of %s are refused at once', async (_what, body, status, places) => {
    const start = performance.now();
    const [said, , pointers] = outcome(await send(body));
    expect([said, pointers]).toEqual([status, places]);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('64 KiB of unknown keys are 422, and the reply is not larger than they are', async () => {
    const keys = Array.from({ length: 7000 }, (_, i) => `"${i.toString(36)}":0`);
    const reply = await send(`{${keys.join()}}`);
    expect(outcome(reply)[2]).toHaveLength(100);
    expect(reply.text.length).toBeLessThan(LIMIT);
  });

  it.each(['{', '{"a":}', "{'a':1}", 'undefined', '{"a":1}}', '[1,]', '\ufeff\ufeff{}', 'NaN', '{"a":"\n"}'])(
    'the text %j is 400, as it is not JSON',
    async (body) => {
      expect(outcome(await send(body))).toEqual([400, 'malformed', []]);
    },
  );

  it.each([
    ['a lone byte', [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate in bytes', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['half a letter', [0x22, 0xc3, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])('bytes that are not UTF-8 are 400: %s', async (_bytes, body) => {
    expect(outcome(await send(Buffer.from(body)))).toEqual([400, 'malformed', []]);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'x',
  ])('a body that says it is %s is 415', async (type) => {
    expect(outcome(await send('a=b', { 'content-type': type }))).toEqual([415, 'unsupported-media-type', []]);
  });

  it('a compressed body is not understood, 400', async () => {
    const reply = await send(gzipSync('{}'), { 'content-encoding': 'gzip' });
    expect(outcome(reply)).toEqual([400, 'malformed', []]);
  });

  it('a body over 64 KiB is 413', async () => {
    const body = JSON.stringify({ metadata: { a: 'x'.repeat(LIMIT) } });
    expect(outcome(await send(body))).toEqual([413, 'body-too-large', []]);
  });

  it('a body of 64 KiB is read, and refused for its metadata', async () => {
    const frame = JSON.stringify({ metadata: { a: '' } }).length;
    const body = JSON.stringify({ metadata: { a: 'x'.repeat(LIMIT - frame) } });
    expect(outcome(await send(body))).toEqual([422, 'validation-failed', ['#/metadata']]);
  });
});

describe('metadata with unusual keys', () => {
  afterEach(async () => {
    before = await testApp.sessions();
  });

  const letters = (text: string) => Array.from(text).sort();

  it.each([
    '{"__proto__":{"admin":true}}',
    '{"constructor":{"prototype":{"admin":true}},"hasOwnProperty":1,"toString":"x"}',
    '{"":"empty","a.b":1,"$ref":"#/x","\\u0001":"\\u007f"}',
  ])('%s is kept as it is, and pollutes nothing', async (metadata) => {
    const created = await client.create({ body: `{"metadata":${metadata}}` });
    expect(created.status).toBe(202);
    const read = await client.read(created.body.id);
    expect(read.status).toBe(200);
    for (const { text } of [created, read]) {
      // jsonb keeps no order of keys.
      const shown = /"metadata":(\{.*\}),"createdAt"/.exec(text)?.[1] ?? '';
      expect(letters(shown)).toEqual(letters(JSON.stringify(JSON.parse(metadata))));
    }
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  it('in 32 levels is kept', async () => {
    const levels = 31;
    const created = await client.create({ body: `{"metadata":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}` });
    expect(created.status).toBe(202);
    expect((await client.read(created.body.id)).text).toContain('['.repeat(levels));
  });

  it('that repeats a key keeps the last one, as JSON does', async () => {
    const created = await client.create({ body: '{"metadata":{"a":1,"a":2}}' });
    expect(created.body.metadata).toEqual({ a: 2 });
  });
});

describe('a room', () => {
  it.each([
    '%20derby',
    'derby%20',
    '%20',
    '.%2F',
    'a%2Fb',
    'a%5Cb',
    'a%25b',
    'a%3Fb',
    'a%23b',
    'a+b',
    'a%00b',
    'a%0Ab',
    'a%C2%A0b',
    'a%E2%80%8Bb',
    'a%E2%80%AEb',
    '%F0%9F%98%80',
    'x'.repeat(129),
    'caf%CC%81%CC%81'.repeat(20) + 'x'.repeat(60),
    '*',
    ';drop',
    '$(id)',
    '<script>',
    '{room}',
  ])('may not be called %s: 422, and the parameter is named', async (room) => {
    for (const method of ['PUT', 'GET'] as const) {
      const reply = await client.send<unknown>(method, `/v1/rooms/${room}/session`);
      expect([room, ...outcome(reply)]).toEqual([room, 422, 'validation-failed', ['room']]);
    }
  });

  it.each(['%2e', '%2E%2E', '.', '..'])('may not be called %s', async (room) => {
    const reply = await sendRaw(testApp.url, request('PUT', `/v1/rooms/${room}/session`));
    expect(problemOf(reply)).toMatchObject({ status: 422, code: 'validation-failed', errors: [{ parameter: 'room' }] });
  });

  it('with a name that is too long for any room is 414', async () => {
    const reply = await client.send<unknown>('PUT', `/v1/rooms/${'x'.repeat(3000)}/session`);
    expect(outcome(reply)).toEqual([414, 'uri-too-long', []]);
  });

  it.each(['%', '%zz', '%ff', '%C3', '%ED%A0%80'])('with %s in its path is 400', async (part) => {
    const reply = await client.send<unknown>('PUT', `/v1/rooms/${part}/session`);
    expect(outcome(reply)).toEqual([400, 'malformed', []]);
    expect(reply.headers['cache-control']).toBe('no-store');
  });
});

describe('a TokenID', () => {
  it.each([
    `ses_${'x'.repeat(22)}`,
    'ses_',
    'x',
    '0',
    'null',
    `ses_${'x'.repeat(100)}`,
    `SES_${'x'.repeat(22)}`,
    `ses_${'x'.repeat(21)}%00`,
    `ses_${'x'.repeat(21)}%27`,
    '%27%20OR%201=1--',
    '%F0%9F%98%80',
    `ses_${'x'.repeat(22)}%0A`,
    '..%2F..%2Fetc',
  ])('%s is not known: 404', async (id) => {
    expect(outcome(await client.read(id))).toEqual([404, 'not-found', []]);
    expect(outcome(await client.close(id))).toEqual([404, 'not-found', []]);
    expect(outcome(await client.read(id, { wait: 5 }))).toEqual([404, 'not-found', []]);
  });
});

describe('a query', () => {
  it.each([
    ['3,500 unknown names', Array.from({ length: 3500 }, (_, i) => i.toString(36)).join('&')],
    ['3,000 times one name', 'k=v&'.repeat(3000)],
    ['names that mean something in JavaScript', '__proto__[a]=1&constructor.prototype.a=1&toString=1'],
    ['brackets in brackets', `status${'[a]'.repeat(4000)}=1`],
  ])('with %s is 422 at once', async (_what, query) => {
    const start = performance.now();
    const reply = await client.send<unknown>('GET', `/v1/sessions?${query}`);
    const [status, code, parameters] = outcome(reply);
    expect([status, code]).toEqual([422, 'validation-failed']);
    expect(parameters.length).toBeLessThanOrEqual(100);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  it('of 20 KB is refused', async () => {
    const reply = await sendRaw(testApp.url, request('GET', `/v1/sessions?${'x=1&'.repeat(5000)}`));
    expect([reply.status, problemOf(reply).code]).toEqual([431, 'headers-too-large']);
  });
});

describe('an Idempotency-Key', () => {
  it.each(['', '""', '   ', 'k'.repeat(256), 'schl\u00fcssel', 'a\tb'])(
    '%j is 400, and the header is named',
    async (key) => {
      const head = [
        'POST /v1/sessions HTTP/1.1',
        'host: x',
        `authorization: Bearer ${testApp.apiKey}`,
        `idempotency-key: ${key}`,
        'content-length: 0',
      ];
      const reply = await sendRaw(testApp.url, Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'));
      expect(problemOf(reply)).toMatchObject({
        status: 400,
        code: 'malformed',
        errors: [{ header: 'Idempotency-Key', detail: expect.any(String) }],
      });
    },
  );
});

describe('a path', () => {
  it.each([
    '/',
    '/v1',
    '/v1/',
    '/v1/nothing',
    '/v2/sessions',
    '/V1/sessions/x',
    '/v1/sessions/',
    '/v1//sessions',
    '/v1/sessions/x/y/z',
    '/v1/rooms',
    '/v1/rooms/derby',
    '/v1/rooms//session',
    '/v1/rooms/derby/session/',
    '/v1/rooms/a/b/session',
    '/livez/',
    '/metrics',
    '/.env',
    '/room/create',
  ])('%s that does not exist is 404', async (path) => {
    expect(outcome(await client.send<unknown>('PUT', path))).toEqual([404, 'not-found', []]);
  });

  it.each([
    ['PATCH', '/v1/sessions', ['POST']],
    ['DELETE', '/v1/sessions', ['POST']],
    ['PUT', `/v1/sessions/ses_${'x'.repeat(22)}`, ['GET', 'DELETE', 'HEAD']],
    ['OPTIONS', `/v1/sessions/ses_${'x'.repeat(22)}`, ['GET', 'DELETE', 'HEAD']],
    ['POST', '/v1/rooms/derby/session', ['PUT', 'GET', 'HEAD']],
    ['DELETE', '/v1/rooms/derby/session', ['PUT', 'GET', 'HEAD']],
    ['POST', '/livez', ['GET', 'HEAD']],
    ['PUT', '/readyz', ['GET', 'HEAD']],
  ] as const)(
    'with a method that it does not know is 405 and says which it knows: %s %s',
    async (method, path, known) => {
      const reply = await client.send<unknown>(method, path, method === 'OPTIONS' ? {} : { body: {} });
      expect(outcome(reply)).toEqual([405, 'method-not-allowed', []]);
      expect(String(reply.headers.allow).split(', ')).toEqual(expect.arrayContaining([...known]));
    },
  );

  it('of 20 KB is refused', async () => {
    const reply = await sendRaw(testApp.url, request('GET', `/v1/rooms/${'x'.repeat(20_000)}/session`));
    expect([414, 431]).toContain(reply.status);
    expect(['uri-too-long', 'headers-too-large']).toContain(problemOf(reply).code);
  });
});

describe('a credential where it does not belong', () => {
  it.each(['wtk_abcd_', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.'])(
    'is not repeated in the reply: %s…',
    async (prefix) => {
      const secret = prefix + 'x'.repeat(43);
      const replies = [
        await client.read(secret),
        await client.send('GET', `/v1/sessions?${secret}=1`),
        await client.create({ body: { [secret]: 1 } }),
        await client.send('GET', `/${secret}/%${secret.charCodeAt(0).toString(16)}${secret.slice(1)}`),
      ];
      expect(replies.map(({ status }) => status)).toEqual([404, 422, 422, 404]);
      for (const { text } of replies) expect(text).not.toContain('x'.repeat(43));
    },
  );
});

describe('a path that is spelled in another way', () => {
  it.each(['/%761/sessions', '/v1/%73essions', 'http://x/v1/sessions', 'http://x/%761/sessions'])(
    'is the same path, and asks for the same credential: %s',
    async (target) => {
      const open = await sendRaw(testApp.url, request('GET', target));
      expect([open.status, open.headers['cache-control']]).toEqual([200, 'no-store']);
      const shut = await sendRaw(testApp.url, `GET ${target} HTTP/1.1\r\nhost: x\r\n\r\n`);
      expect([shut.status, shut.headers['cache-control']]).toEqual([401, 'no-store']);
      const other = await sendRaw(testApp.url, request('PATCH', target));
      expect([other.status, problemOf(other).code]).toEqual([405, 'method-not-allowed']);
    },
  );
});

describe('bytes that are no proper request', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'malformed'],
    ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03]), 400, 'malformed'],
    ['an unknown method', 'BREW /v1/sessions HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'malformed'],
    ['a header without a colon', 'GET /livez HTTP/1.1\r\nhost: x\r\nnonsense\r\n\r\n', 400, 'malformed'],
    [
      'two lengths',
      'POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
      400,
      'malformed',
    ],
    ['a length that is none', 'POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n', 400, 'malformed'],
    [
      'a length and chunks',
      'POST /v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'malformed',
    ],
    [
      '20 KB of headers',
      `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    [
      '20 KB of many headers',
      `GET /livez HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(3400)}\r\n`,
      431,
      'headers-too-large',
    ],
  ])('are a problem document with an id: %s', async (_name, bytes, status, code) => {
    const reply = await sendRaw(testApp.url, bytes);
    expect([reply.status, problemOf(reply).code]).toEqual([status, code]);
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.headers['request-id']).toMatch(/^req_/);
    expect(problemOf(reply)).toMatchObject({ requestId: reply.headers['request-id'], status });
  });

  it('with broken chunks get an answer or the connection is closed, and the gateway goes on', async () => {
    const bytes = `${head('POST', '/v1/sessions', 'transfer-encoding: chunked')}zz\r\n{}\r\n0\r\n\r\n`;
    const reply = await sendRaw(testApp.url, bytes).catch(() => null);
    if (reply !== null) expect([reply.status, problemOf(reply).code]).toEqual([400, 'malformed']);
    expect((await client.send('GET', '/livez')).status).toBe(200);
  });

  it('in chunks over 64 KiB are 413', async () => {
    const chunk = 'x'.repeat(0x4000);
    const bytes = head('POST', '/v1/sessions', 'transfer-encoding: chunked') + `4000\r\n${chunk}\r\n`.repeat(5);
    const reply = await sendRaw(testApp.url, `${bytes}0\r\n\r\n`);
    expect(problemOf(reply)).toMatchObject({ status: 413, code: 'body-too-large' });
  });

  it('that promise more than 64 KiB are 413 before they come', async () => {
    const reply = await sendRaw(testApp.url, head('POST', '/v1/sessions', 'content-length: 100000000'));
    expect(problemOf(reply)).toMatchObject({ status: 413, code: 'body-too-large' });
  });

  it('of which the headers never come whole are 408 after 10 s', async () => {
    const reply = await sendRaw(testApp.url, 'GET /livez HTTP/1.1\r\nhost: x\r\n', 25_000);
    expect(problemOf(reply)).toMatchObject({ status: 408, code: 'request-timeout' });
  });

  it('of which the body never comes whole make nothing and are no fault of ours', async () => {
    const server = testApp.gateway.app.getHttpServer();
    const connections = promisify(server.getConnections.bind(server));
    const open = await connections();
    const bytes = `${head('POST', '/v1/sessions', 'content-length: 50')}{"metadata":`;
    await expect(sendRaw(testApp.url, bytes, 300)).rejects.toThrow('no whole reply in time');
    // The client has hung up: wait until the gateway knows it.
    await eventually(async () => {
      expect(await connections()).toBeLessThanOrEqual(open);
    });
  });
});

describe('connections', () => {
  it('beyond MAX_CONNECTIONS are closed unanswered, and there is room again when others have left', async () => {
    const small = await testApp.startGateway({ MAX_CONNECTIONS: '3' });
    const { hostname, port } = new URL(small.url);
    const held = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const socket = connect(Number(port), hostname);
        await once(socket, 'connect');
        return socket;
      }),
    );
    const ask = () => sendRaw(small.url, 'GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    await expect(ask()).rejects.toThrow();
    held.pop()?.destroy();
    await eventually(async () => {
      expect((await ask()).status).toBe(200);
    });
    for (const socket of held) socket.destroy();
    await small.close();
    testApp.gateways.pop();
  });
});

function head(method: string, path: string, ...headers: string[]): string {
  const own = ['host: x', `authorization: Bearer ${testApp.apiKey}`, 'content-type: application/json'];
  return `${method} ${path} HTTP/1.1\r\n${[...own, ...headers].join('\r\n')}\r\n\r\n`;
}

function request(method: string, path: string): string {
  return head(method, path, 'content-length: 0');
}

function problemOf(reply: RawReply): ProblemBody {
  return JSON.parse(reply.text) as ProblemBody;
}
