import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { freePort } from '../../tools/ports.mjs';
import { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import type { Process } from '../support/process.js';
import { haproxyPath, nginxPath, type RunningProxy, startHaproxy, startNginx } from '../support/proxy-programs.js';
import { sendRaw } from '../support/raw-http.js';
import { snippet } from '../support/snippets.js';
import { TestDeployment } from '../support/test-deployment.js';

const ORIGIN = 'https://watch.example';
const WRONG_KEY = `wtk_guess_${'x1'.repeat(24)}`;

/** How a proxy is started, and where its documented configuration is changed for a test. */
interface Kind {
  path: string | undefined;
  block: string;
  start: (text: string, port: number) => Promise<RunningProxy>;
  listen: { documented: string; ipv4: (port: number) => string; dualStack: (port: number) => string };
  forwarded: { documented: string; withPort: string };
  /** Statuses for 20 KB of headers in short lines, and for one line of 12 KB. */
  largeHeaders: [number, number];
}

const KINDS: Record<string, Kind> = {
  nginx: {
    path: nginxPath(),
    block: 'nginx',
    start: startNginx,
    listen: {
      documented: 'listen 80;',
      ipv4: (port) => `listen 127.0.0.1:${port};`,
      dualStack: (port) => `listen [::]:${port} ipv6only=off;`,
    },
    forwarded: {
      documented: '$proxy_add_x_forwarded_for',
      withPort: '"$remote_addr:$remote_port"',
    },
    largeHeaders: [431, 400],
  },
  HAProxy: {
    path: haproxyPath(),
    block: 'haproxy',
    start: startHaproxy,
    listen: {
      documented: 'bind :80',
      ipv4: (port) => `bind 127.0.0.1:${port}`,
      dualStack: (port) => `bind :::${port} v4v6`,
    },
    forwarded: {
      documented: 'option forwardfor',
      withPort: 'http-request set-header X-Forwarded-For %[src]:%[src_port]',
    },
    largeHeaders: [400, 401],
  },
};

let deployment: TestDeployment;
/** Trusts one proxy. */
let gateway: Process;
beforeAll(async () => {
  const env = {
    CORS_ORIGINS: ORIGIN,
    MAX_FAILED_CREDENTIALS: '3',
    ROOM_API: 'on',
    STREAM_HEARTBEAT_S: '1',
    TRUST_PROXY: '1',
  };
  deployment = await TestDeployment.start({ queue: 'postgres', env });
  gateway = deployment.gateway;
});
afterAll(() => deployment.end());

/** Clients have an address each, of the network 127.0.0.0/8. */
let addresses = 1;
const newAddress = () => `127.0.1.${++addresses}`;

for (const [name, kind] of Object.entries(KINDS)) {
  (kind.path === undefined ? describe.skip : describe)(`behind ${name}, configured as documented`, () => {
    const running: RunningProxy[] = [];
    const clients: Client[] = [];
    /** By way of the proxy. */
    let url: string;
    beforeAll(async () => {
      url = await proxyTo([gateway]);
    });
    afterAll(async () => {
      await Promise.all(clients.map((client) => client.end()));
      await Promise.all(running.map((proxy) => proxy.stop()));
    });

    /** Starts one with the block of docs/operations.md, in which addresses are replaced, and what `changes` says. */
    async function proxyTo(
      gateways: Process[],
      { listen = kind.listen.ipv4, changes = {} }: { listen?: (port: number) => string; changes?: Changes } = {},
    ): Promise<string> {
      const port = await freePort();
      const [one = '', other = one] = gateways.map(({ url: of }) => new URL(of).host);
      const text = changed(snippet('docs/operations.md', kind.block), {
        [kind.listen.documented]: listen(port),
        'gateway1:3000': one,
        'gateway2:3000': other,
        ...changes,
      });
      running.push(await kind.start(text, port));
      return `http://127.0.0.1:${port}`;
    }

    function newClient(via = url): Client {
      const client = new Client(via, deployment.apiKey);
      clients.push(client);
      return client;
    }

    it('two clients have separate limits, and an address that a client makes up changes nothing', async () => {
      const [guesser, other] = [newAddress(), newAddress()];
      expect(await guesses(url, guesser, 5)).toEqual([401, 401, 401, 401, 429]);
      for (const forged of ['203.0.113.1', '203.0.113.2, 203.0.113.3', `${other}:80`, '"', '::1'])
        expect([forged, await guess(url, guesser, { 'x-forwarded-for': forged })]).toEqual([forged, 429]);
      expect(await guesses(url, other, 2)).toEqual([401, 401]);
    });

    it('a client has one limit in every form in which the proxy writes its address', async () => {
      const mapped = await proxyTo([gateway], { listen: kind.listen.dualStack });
      const withPort = await proxyTo([gateway], { changes: { [kind.forwarded.documented]: kind.forwarded.withPort } });
      const client = newAddress();
      for (const via of [url, mapped, withPort, url]) expect(await guess(via, client)).toBe(401);
      for (const via of [url, mapped, withPort]) expect(await guess(via, client)).toBe(429);
      expect(await guesses(mapped.replace('127.0.0.1', '[::1]'), '::1', 1)).toEqual([401]);
    });

    it('without TRUST_PROXY all share one limit, and the gateway says so once', async () => {
      const unaware = await deployment.startGateway({ TRUST_PROXY: 'off' });
      const via = await proxyTo([unaware]);
      expect(await guesses(via, newAddress(), 5)).toEqual([401, 401, 401, 401, 429]);
      expect(await guess(via, newAddress())).toBe(429);
      await eventually(() => {
        expect(unaware.lines.filter(({ msg }) => msg.includes('TRUST_PROXY'))).toHaveLength(1);
      });
      await unaware.end();
    });

    it('an empty body with a content type is no body, and the id of the request arrives', async () => {
      const head = `PUT /v1/rooms/empty-${name}/session HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${deployment.apiKey}\r\n`;
      const rest = 'content-type: application/x-www-form-urlencoded\r\ncontent-length: 0\r\n\r\n';
      const reply = await sendRaw(url, head + rest);
      expect([reply.status, reply.headers['request-id']]).toEqual([202, expect.stringMatching(/^req_/)]);
    });

    it('headers that are too large are refused by the gateway, readable by the page, or by the proxy', async () => {
      const send = (headers: string[]) =>
        sendRaw(url, `GET /v1/sessions HTTP/1.1\r\nhost: x\r\norigin: ${ORIGIN}\r\n${headers.join('\r\n')}\r\n\r\n`);
      const replies = [
        await send(Array.from({ length: 5 }, (_, i) => `x-${i}: ${'x'.repeat(4000)}`)),
        await send([`x: ${'x'.repeat(12_000)}`]),
      ];
      expect(replies.map(({ status }) => status)).toEqual(kind.largeHeaders);
      for (const { status, headers } of replies)
        expect([status, headers['access-control-allow-origin']]).toEqual([status, status === 400 ? undefined : ORIGIN]);
    });

    it('a held request is held for 20 s, and events arrive at once, as long as heartbeats keep the connection', async () => {
      await deployment.cas.fault({ kind: 'hang' });
      try {
        // With time limits below the life of the connection, and above the heartbeat.
        const impatient = await proxyTo([gateway], { changes: { '60s': '3s' } });
        await Promise.all([expectHeldFor(20, newClient()), expectEvents(newClient(impatient))]);
      } finally {
        await deployment.cas.clearFaults();
      }
    }, 90_000);

    it('gateways that restart one at a time fail no request', async () => {
      const ports = [String(await freePort()), String(await freePort())];
      const gateways = [];
      for (const PORT of ports) gateways.push(await deployment.startGateway({ PORT, DRAIN_MS: '500' }));
      const client = newClient(await proxyTo(gateways));
      const stop = new AbortController();
      const load = Promise.all(Array.from({ length: 4 }, (_, n) => openUntil(stop.signal, client, `${name}-${n}`)));
      for (const [n, PORT] of ports.entries()) {
        expect(await gateways[n]?.terminate()).toEqual({ code: 0, signal: null });
        gateways[n] = await deployment.startGateway({ PORT, DRAIN_MS: '500' });
      }
      stop.abort();
      const statuses = (await load).flat();
      expect(statuses.length).toBeGreaterThan(100);
      expect(statuses.filter((status) => status >= 300 || status === 0)).toEqual([]);
      await Promise.all(gateways.map((process) => process.end()));
    });
  });
}

type Changes = Record<string, string>;

/** Each text is in the document: what is not found there has been renamed. */
function changed(document: string, changes: Changes): string {
  return Object.entries(changes).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the documented configuration has no ${from}`);
    return text.replaceAll(from, () => to);
  }, document);
}

/** The status for a wrong key, sent from an address of this machine. */
async function guess(via: string, from: string, headers: Record<string, string> = {}): Promise<number> {
  const dispatcher = new Agent({ localAddress: from });
  try {
    const authorization = `Bearer ${WRONG_KEY}`;
    const reply = await request(`${via}/v1/sessions`, { dispatcher, headers: { authorization, ...headers } });
    await reply.body.dump();
    return reply.statusCode;
  } finally {
    await dispatcher.destroy();
  }
}

async function guesses(via: string, from: string, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < times; n++) statuses.push(await guess(via, from));
  return statuses;
}

async function expectHeldFor(seconds: number, client: Client): Promise<void> {
  const begin = performance.now();
  const { status, body } = await client.create({ wait: seconds });
  expect([status, body.status]).toEqual([202, 'pending']);
  expect(performance.now() - begin).toBeGreaterThan((seconds - 1) * 1000);
}

async function expectEvents(client: Client): Promise<void> {
  const { id } = (await client.create()).body;
  const leaving = new AbortController();
  const headers = { authorization: `Bearer ${String(client.apiKey)}` };
  const response = await fetch(`${client.url}/v1/sessions/${id}/events`, { headers, signal: leaving.signal });
  let [text, ended] = ['', false];
  const reading = (async () => {
    for await (const part of response.body ?? []) text += Buffer.from(part as Uint8Array).toString();
  })()
    .catch(() => undefined)
    .finally(() => (ended = true));
  const expectWithin = (ms: number, part: RegExp) =>
    eventually(() => {
      expect(text).toMatch(part);
    }, ms);
  await expectWithin(1000, /"status":"pending"/);
  await expectWithin(15_000, /(:\n\n[^]*){7}/);
  expect(ended).toBe(false);
  expect((await client.close(id)).status).toBe(204);
  await expectWithin(1000, /"status":"closed"/);
  leaving.abort();
  await reading;
}

/** The statuses of requests sent one after the other; 0 for none. */
async function openUntil(signal: AbortSignal, client: Client, room: string): Promise<number[]> {
  const statuses: number[] = [];
  while (!signal.aborted || statuses.length < 30)
    statuses.push(
      await client.openRoom(`${room}-${statuses.length}`).then(
        ({ status }) => status,
        () => 0,
      ),
    );
  return statuses;
}
