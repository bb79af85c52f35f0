import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Certificate } from './certificates.js';

export interface ConnectProxyOptions {
  /** `user:password` that it requires. */
  credentials?: string;
  /** If it is reached over TLS. */
  tls?: Certificate;
}

/** A company's forward proxy: tunnels (CONNECT) to where the test says that a host and port is. */
export class ConnectProxy {
  /** The targets it was asked for, as `host:port`. */
  readonly asked: string[] = [];
  /** Everything in clear text that it was sent before and in its tunnels, as far as it can read it. */
  seen = '';
  /** Targets and the local ports they are served on; others are answered with 502. */
  readonly routes = new Map<string, number>();
  /** A status to answer everything with, instead of a tunnel. */
  refuseWith: number | undefined;
  /** While true it answers nothing at all. */
  mute = false;
  port = 0;
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;

  private constructor(private readonly options: ConnectProxyOptions) {}

  static async start(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(options);
    const server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
    server.on('connection', (socket: Socket) => {
      proxy.track(socket);
    });
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      proxy.tunnel(request, socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy.server = server;
    proxy.port = (server.address() as AddressInfo).port;
    return proxy;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server?.close();
    await once(this.server!, 'close');
  }

  private tunnel({ url = '', headers, rawHeaders }: IncomingMessage, client: Socket): void {
    client.on('error', () => undefined);
    this.asked.push(url);
    this.seen += rawHeaders.join('\n');
    if (this.mute) return;
    const status = this.refuseWith ?? (this.isAuthorized(headers['proxy-authorization']) ? undefined : 407);
    const port = this.routes.get(url);
    if (status !== undefined || port === undefined) {
      client.end(`HTTP/1.1 ${String(status ?? 502)} hush-from-proxy\r\nContent-Length: 4\r\n\r\nhush`);
      return;
    }
    const target = connect(port, '127.0.0.1');
    this.track(target);
    target.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.on('data', (chunk) => (this.seen += chunk.toString('latin1')));
      client.pipe(target).pipe(client);
    });
    target.on('error', () => client.destroy());
    target.on('close', () => client.destroy());
    client.on('close', () => target.destroy());
  }

  private isAuthorized(header: string | undefined): boolean {
    const { credentials } = this.options;
    return credentials === undefined || header === `Basic ${Buffer.from(credentials).toString('base64')}`;
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
  }
}
