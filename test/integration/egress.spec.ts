import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { examineSettings, gatewayNamespaces } from '@app/config';
import { Egress, egressCause } from '@app/egress';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { CertificateAuthority } from '../support/certificates.js';
import { ConnectProxy, type ConnectProxyOptions } from '../support/connect-proxy.js';

const PASSWORD = 'hush: 50% @/ü';
const SECRET = 'secret-in-a-header';

let authority: CertificateAuthority;
let service: Http2SecureServer;
let servicePort: number;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  authority = new CertificateAuthority();
  // It would rather speak HTTP/2.
  const options = { ...authority.issue('service.example', '127.0.0.1'), allowHTTP1: true };
  service = createSecureServer(options, (request, response) => {
    response.end(`${request.httpVersion} ${request.headers.host ?? ''}${request.url}`);
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  servicePort = (service.address() as AddressInfo).port;
});
afterAll(async () => {
  service.close();
  await once(service, 'close');
  authority.remove();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const proxy = await ConnectProxy.start(options);
  proxy.routes.set('service.example:443', servicePort).set('service.example:8443', servicePort);
  cleanups.push(() => proxy.close());
  return proxy;
}

/** The egress of a process with this environment. */
function egressWith(environment: Record<string, string>): Egress {
  const { egress } = gatewayNamespaces;
  const { settings, faults } = examineSettings({ egress }, environment);
  expect(faults).toEqual([]);
  return new Egress(settings.egress!);
}

function call(environment: Record<string, string>, url: string, timeoutMs = 3000): Promise<string> {
  const client = egressWith(environment).client({ timeoutMs, maxBytes: 1000 });
  cleanups.push(() => client.close());
  return client.send(url, { headers: { 'x-secret': SECRET } }).then(
    ({ status, text }) => `${String(status)} ${text}`,
    (error: unknown) => `failed: ${egressCause(error)}`,
  );
}

describe('a call over https', () => {
  it('goes through the proxy in a tunnel, with its user and password, on HTTP/1.1', async () => {
    const proxy = await startProxy({ credentials: `user name:${PASSWORD}` });
    const HTTPS_PROXY = `http://user%20name:${encodeURIComponent(PASSWORD)}@127.0.0.1:${String(proxy.port)}`;
    const environment = { HTTPS_PROXY, EXTRA_CA_CERTS: authority.file };
    expect(await call(environment, 'https://service.example/a?b')).toBe('200 1.1 service.example/a?b');
    expect(await call(environment, 'https://service.example:8443/')).toBe('200 1.1 service.example:8443/');
    expect(proxy.asked).toEqual(['service.example:443', 'service.example:8443']);
    expect(proxy.seen).not.toContain(SECRET);
  });

  it('goes through a proxy that is itself reached over TLS', async () => {
    const proxy = await startProxy({ tls: authority.issue('127.0.0.1') });
    const https_proxy = `https://127.0.0.1:${String(proxy.port)}`;
    expect(await call({ https_proxy, EXTRA_CA_CERTS: authority.file }, 'https://service.example/')).toBe(
      '200 1.1 service.example/',
    );
    expect(await call({ https_proxy }, 'https://service.example/')).toMatch(
      /^failed: proxy 127\.0\.0\.1:\d+ is unreachable \(TLS: its certificate is not signed by a trusted CA, [A-Z_]+\)$/,
    );
  });

  it('trusts the certificates of EXTRA_CA_CERTS, and no others of their kind', async () => {
    const proxy = await startProxy();
    const HTTPS_PROXY = `127.0.0.1:${String(proxy.port)}`;
    expect(await call({ HTTPS_PROXY }, 'https://service.example/')).toMatch(
      /^failed: TLS: its certificate is not signed by a trusted CA, [A-Z_]+$/,
    );
    proxy.routes.set('other.example:443', servicePort);
    expect(await call({ HTTPS_PROXY, EXTRA_CA_CERTS: authority.file }, 'https://other.example/')).toBe(
      'failed: TLS: its certificate is for another host name, ERR_TLS_CERT_ALTNAME_INVALID',
    );
  });

  it('is direct for what NO_PROXY covers, and always on loopback', async () => {
    const proxy = await startProxy();
    const environment = { HTTPS_PROXY: `127.0.0.1:${String(proxy.port)}`, EXTRA_CA_CERTS: authority.file };
    expect(await call(environment, `https://127.0.0.1:${String(servicePort)}/`)).toMatch(/^200/);
    expect(await call({ ...environment, no_proxy: '.invalid' }, 'https://service.invalid/')).toMatch(
      /^failed: (unknown host|host name not resolved|no response)/,
    );
    expect(proxy.asked).toEqual([]);
  });
});

describe('a proxy that opens no tunnel', () => {
  it.each([
    ['requires other credentials', { credentials: 'a:b' }, undefined, 'answered 407 to CONNECT'],
    ['forbids the target', {}, 403, 'answered 403 to CONNECT'],
    ['cannot reach the target', {}, 502, 'answered 502 to CONNECT'],
  ])('because it %s is named with its answer', async (_why, options, refuseWith, what) => {
    const proxy = await startProxy(options);
    proxy.refuseWith = refuseWith;
    const name = `127.0.0.1:${String(proxy.port)}`;
    const outcome = await call({ HTTPS_PROXY: `http://user:hush@${name}` }, 'https://service.example/');
    expect(outcome).toBe(`failed: proxy ${name} ${what}`);
  });

  it('because nothing listens there, it is no proxy, or it is silent, is named too', async () => {
    const closed = `127.0.0.1:${String(await freePort())}`;
    expect(await call({ HTTPS_PROXY: closed }, 'https://service.example/')).toBe(
      `failed: proxy ${closed} is unreachable (connection refused, ECONNREFUSED)`,
    );
    const odd = createTcpServer((socket) => socket.resume().end('SSH-2.0\r\n')).listen(0, '127.0.0.1');
    await once(odd, 'listening');
    cleanups.push(() => new Promise((resolve) => odd.close(resolve)));
    const name = `127.0.0.1:${String((odd.address() as AddressInfo).port)}`;
    expect(await call({ HTTPS_PROXY: name }, 'https://service.example/')).toBe(
      `failed: proxy ${name} did not answer CONNECT with HTTP`,
    );
    const proxy = await startProxy();
    proxy.mute = true;
    const silent = `127.0.0.1:${String(proxy.port)}`;
    const probing = egressWith({ HTTPS_PROXY: silent }).probe(new URL('https://service.example'), 200);
    await expect(probing).rejects.toThrow(`proxy ${silent} did not answer CONNECT in time`);
    expect(await call({ HTTPS_PROXY: silent }, 'https://service.example/', 300)).toBe('failed: no response in time');
  });

  it('recovers without a restart', async () => {
    const proxy = await startProxy();
    proxy.refuseWith = 503;
    const client = egressWith({
      HTTPS_PROXY: `127.0.0.1:${String(proxy.port)}`,
      EXTRA_CA_CERTS: authority.file,
    }).client({ timeoutMs: 3000, maxBytes: 1000 });
    cleanups.push(() => client.close());
    await expect(client.send('https://service.example/')).rejects.toThrow();
    proxy.refuseWith = undefined;
    expect((await client.send('https://service.example/')).status).toBe(200);
  });
});

describe('a probe', () => {
  it('connects with TLS and sends no request', async () => {
    let requests = 0;
    service.on('request', () => requests++);
    const proxy = await startProxy();
    const HTTPS_PROXY = `127.0.0.1:${String(proxy.port)}`;
    const egress = egressWith({ HTTPS_PROXY, EXTRA_CA_CERTS: authority.file });
    const target = new URL('https://service.example');
    await egress.probe(target, 3000);
    await egress.probe(new URL(`https://127.0.0.1:${String(servicePort)}`), 3000);
    expect(egress.proxyOnTheWayTo(target)).toBe(HTTPS_PROXY);
    expect(egress.proxyOnTheWayTo(new URL('http://service.example'))).toBeUndefined();
    await expect(egressWith({ HTTPS_PROXY }).probe(target, 3000)).rejects.toThrow();
    expect(requests).toBe(0);
  });
});

it('a reply that is too long is cut off', async () => {
  const big = createServer(authority.issue('127.0.0.1'), (_request, response) => response.end('x'.repeat(2000)));
  big.listen(0, '127.0.0.1');
  await once(big, 'listening');
  cleanups.push(() => new Promise((resolve) => big.close(resolve)));
  const port = (big.address() as AddressInfo).port;
  const client = egressWith({ EXTRA_CA_CERTS: authority.file }).client({ timeoutMs: 3000, maxBytes: 1000 });
  cleanups.push(() => client.close());
  await expect(client.send(`https://127.0.0.1:${String(port)}/`)).rejects.toThrow('The response is too large');
});
