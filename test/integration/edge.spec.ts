import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { Process } from '../support/process.js';
import { sendRaw } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';

const ORIGIN = 'https://watch.example';

describe('at the edge of the gateway', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    const env = { CORS_ORIGINS: ORIGIN, TRUST_PROXY: '1', MAX_FAILED_CREDENTIALS: '3', ROOM_API: 'on' };
    testApp = await TestApp.open({ worker: false, env });
  });
  afterAll(() => testApp.end());

  const authorization = () => `Bearer ${testApp.apiKey}`;

  it('a body of length 0 is no body, whatever type a client gives it', async () => {
    const url = `${testApp.url}/v1/rooms/empty/session`;
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/octet-stream', 'nonsense']) {
      const head = `PUT /v1/rooms/empty/session HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization()}\r\ncontent-type: ${type}\r\ncontent-length: 0\r\n\r\n`;
      expect([type, (await sendRaw(testApp.url, head)).status]).toEqual([type, 202]);
    }
    expect((await axios.put(url, undefined, { headers: { authorization: authorization() } })).status).toBe(202);
    expect((await axios.put(url, '', { headers: { authorization: authorization() } })).status).toBe(202);
    const sent = {
      headers: { authorization: authorization(), 'content-type': 'text/plain' },
      validateStatus: () => true,
    };
    expect((await axios.put(url, 'not empty', sent)).status).toBe(415);
  });

  it('a page of a listed origin can read why a request was refused before it was parsed', async () => {
    const large = `GET /v1/sessions HTTP/1.1\r\nhost: x\r\norigin: ${ORIGIN}\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`;
    const refused = await sendRaw(testApp.url, large);
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([431, ORIGIN]);
    expect(refused.headers['content-type']).toBe('application/problem+json');
    const broken = await sendRaw(testApp.url, `GET /v1/sessions HTTP/1.1\r\norigin: ${ORIGIN}\r\nno header\r\n\r\n`);
    expect([broken.status, broken.headers['access-control-allow-origin']]).toEqual([400, ORIGIN]);
    const other = await sendRaw(testApp.url, large.replace(ORIGIN, 'https://evil.example'));
    expect([other.status, other.headers['access-control-allow-origin']]).toEqual([431, undefined]);
  });

  it('one client is one address, however a proxy writes it', async () => {
    const guess = async (from: string) => {
      const headers = { 'x-forwarded-for': from, authorization: `Bearer wtk_guess_${'x1'.repeat(24)}` };
      return (await testApp.newClient(testApp.url, null).send('GET', '/v1/sessions', { headers })).status;
    };
    const spellings: [string, string[]][] = [
      ['an IPv4 address', ['192.0.2.7', '192.0.2.7:4711', '::ffff:192.0.2.7', '[::ffff:192.0.2.7]:80', '192.0.2.7:1']],
      [
        'a network of IPv6',
        ['2001:db8:1:2::1', '2001:DB8:1:2::2', '[2001:db8:1:2::3]:443', '2001:db8:1:2:ffff::', '2001:db8:1:2::9'],
      ],
      ['what is no address: the proxy’s own', ['unknown', '_secret', '', 'nonsense:1', '300.1.1.1']],
    ];
    for (const [name, addresses] of spellings) {
      const statuses: number[] = [];
      for (const address of addresses) statuses.push(await guess(address));
      expect([name, statuses]).toEqual([name, [401, 401, 401, 401, 429]]);
    }
    expect(await guess('2001:db8:1:3::1')).toBe(401);
  });

  it.each([
    ['gateway', 'PORT', 'HOST, PORT'],
    ['gateway', 'OPS_PORT', 'OPS_HOST, OPS_PORT'],
  ] as const)('a %s whose %s is taken says so in one sentence', async (app, variable, variables) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const env = {
      NODE_ENV: 'test',
      DATABASE_URL: testApp.database.url,
      TOKEN_ENCRYPTION_KEYS: testApp.sealingKeys,
      HOST: '127.0.0.1',
      PORT: '0',
      OPS_PORT: '0',
      [variable]: String(port),
    };
    const process = new Process(app, env);
    expect((await process.exited).code).toBe(1);
    await process.silent;
    expect(process.text).toEqual([
      `Cannot listen on 127.0.0.1:${String(port)} (${variables}): the port is in use by another process (EADDRINUSE)`,
    ]);
    taken.close();
  });
});
