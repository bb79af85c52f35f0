import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AddressPolicy, Egress, egressCause } from '@app/egress';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { CertificateAuthority } from '../support/certificates.js';
import { ConnectProxy } from '../support/connect-proxy.js';

/** Stands for all public addresses: allowed by the policy, while the rest of loopback is not. */
const PUBLIC = '127.0.0.2';
const PRIVATE = '127.0.0.1';

let authority: CertificateAuthority;
let receiver: Server;
let port: number;
/** The addresses to which requests came. */
let called: string[];
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  authority = new CertificateAuthority();
  receiver = createServer(authority.issue('hooks.example', PRIVATE), (request, response) => {
    called.push(String(request.socket.localAddress));
    response.writeHead(204, { connection: 'close' }).end();
  });
  receiver.listen(0, '0.0.0.0');
  await once(receiver, 'listening');
  port = (receiver.address() as AddressInfo).port;
});
afterAll(async () => {
  receiver.close();
  await once(receiver, 'close');
  authority.remove();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A client whose DNS answers these, one after the other. */
function clientWith(answers: string[], { proxy, allow = [PUBLIC] }: { proxy?: string; allow?: string[] } = {}) {
  called = [];
  const asked: string[] = [];
  const policy = new AddressPolicy(allow, (hostname) => {
    asked.push(hostname);
    return Promise.resolve([{ address: answers[asked.length - 1] ?? '', family: 4 }]);
  });
  const extraCa = [readFileSync(authority.file, 'utf8')];
  const egress = new Egress({ proxy: proxy === undefined ? undefined : new URL(proxy), noProxy: '', extraCa });
  const client = egress.client({ timeoutMs: 3000, maxBytes: 1000 }, policy);
  cleanups.push(() => client.close());
  const send = (host: string) =>
    client.send(`https://${host}:${port}/`, { method: 'POST', body: '{}' }).then(
      ({ status }) => String(status),
      (error: unknown) => egressCause(error),
    );
  return { send, asked };
}

const REFUSED = 'only https to public addresses is permitted';

describe('DNS that answers a public address first and a private one later', () => {
  it('is refused: each connection resolves once, and goes to the address that was checked', async () => {
    const { send, asked } = clientWith([PUBLIC, PRIVATE, PUBLIC]);
    expect(await send('hooks.example')).toBe('204');
    expect(called).toEqual([PUBLIC]);
    expect(await send('hooks.example')).toBe(REFUSED);
    expect(await send('hooks.example')).toBe('204');
    expect(called).toEqual([PUBLIC, PUBLIC]);
    expect(asked).toHaveLength(3);
  });

  it('is refused through a proxy too, which is asked for the checked address and resolves nothing', async () => {
    const proxy = await ConnectProxy.start();
    cleanups.push(() => proxy.close());
    proxy.routes.set(`${PUBLIC}:${port}`, port);
    const { send } = clientWith([PUBLIC, PRIVATE], { proxy: `http://127.0.0.1:${proxy.port}` });
    expect(await send('hooks.example')).toBe('204');
    expect(await send('hooks.example')).toBe(REFUSED);
    expect(proxy.asked).toEqual([`${PUBLIC}:${port}`]);
  });

  it('is called by its name through a proxy if operators allow the name', async () => {
    const proxy = await ConnectProxy.start();
    cleanups.push(() => proxy.close());
    proxy.routes.set(`hooks.example:${port}`, port);
    const { send, asked } = clientWith([PRIVATE], {
      proxy: `http://127.0.0.1:${proxy.port}`,
      allow: ['hooks.example'],
    });
    expect(await send('hooks.example')).toBe('204');
    expect([proxy.asked, asked]).toEqual([[`hooks.example:${port}`], []]);
  });
});

describe('an address in the URL', () => {
  it('is checked as well, and its certificate too', async () => {
    const { send, asked } = clientWith([]);
    expect(await send(PRIVATE)).toBe(REFUSED);
    expect(await send('2130706433')).toBe(REFUSED);
    expect(await send('[::ffff:7f00:1]')).toBe(REFUSED);
    expect(await send(PUBLIC)).toContain('its certificate is for another host name');
    expect([called, asked]).toEqual([[], []]);
  });
});
