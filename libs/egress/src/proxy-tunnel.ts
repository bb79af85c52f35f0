import { type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { endpoint } from '@app/kernel';
import { egressCause } from './egress-cause.js';
import { ProxyError } from './proxy-error.js';

export interface TunnelOptions {
  /** Trusted certificates if the proxy is reached over TLS; undefined for those of Node. */
  ca: string[] | undefined;
  /** For the connection and the answer of the proxy together. */
  timeoutMs: number;
}

/**
 * Asks the proxy for a connection to the target (CONNECT). What goes through it is up to the caller.
 *
 * @throws ProxyError
 */
export function openTunnel(proxy: URL, target: URL, { ca, timeoutMs }: TunnelOptions): Promise<Socket> {
  const name = endpoint(proxy.href);
  return new Promise((resolve, reject) => {
    const request = connectRequest(proxy, endpoint(target.href), ca);
    const timer = setTimeout(() => {
      request.destroy();
      reject(new ProxyError(name, 'did not answer CONNECT in time'));
    }, timeoutMs);
    request.once('connect', ({ statusCode = 0 }, socket, head) => {
      clearTimeout(timer);
      if (statusCode < 200 || statusCode > 299) {
        socket.on('error', () => undefined).destroy();
        reject(new ProxyError(name, `answered ${String(statusCode)} to CONNECT`));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new ProxyError(name, whatFailed(error)));
    });
    request.end();
  });
}

/** Node's own client, since undici's requests do not show the answer to CONNECT. */
function connectRequest(proxy: URL, target: string, ca: string[] | undefined): ClientRequest {
  const hostname = unbracketed(proxy.hostname);
  const options: RequestOptions = {
    method: 'CONNECT',
    path: target,
    hostname,
    // Otherwise that of the Host header: the target.
    servername: isIP(hostname) === 0 ? hostname : '',
    port: proxy.port,
    headers: { host: target, ...authorization(proxy) },
    agent: false,
  };
  return proxy.protocol === 'https:' ? httpsRequest({ ...options, ...(ca && { ca }) }) : httpRequest(options);
}

/** Basic authentication, with the percent-decoded user and password of the proxy's URL. */
function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

function whatFailed(error: NodeJS.ErrnoException): string {
  // Of the HTTP parser.
  if (error.code?.startsWith('HPE_') === true) return 'did not answer CONNECT with HTTP';
  return `is unreachable (${egressCause(error)})`;
}

function unbracketed(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
