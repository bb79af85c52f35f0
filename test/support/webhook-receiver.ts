import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Received {
  id: string;
  /** In ms of `performance.now()`. */
  at: number;
  headers: IncomingHttpHeaders;
  text: string;
  body: { type: string; timestamp: string; data: Record<string, unknown> };
}

/** What a receiver is ordered to do. */
export type Order =
  | { kind: 'status'; status: number; headers?: Record<string, string>; text?: string }
  /** Takes the request and never answers. */
  | { kind: 'hang' }
  | { kind: 'reset' }
  | { kind: 'slow'; ms: number };

/** A receiver of webhooks that can be ordered about. By default it answers 204. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  private order: Order = { kind: 'status', status: 204 };
  private orders: Order[] = [];
  private readonly held = new Set<ServerResponse>();

  private constructor(private readonly server: Server) {}

  static async start(host = '127.0.0.1'): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server);
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const text = Buffer.concat(parts).toString();
        const { headers } = request;
        const body = JSON.parse(text) as Received['body'];
        receiver.received.push({ id: String(headers['webhook-id']), at: performance.now(), headers, text, body });
        receiver.answer(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** By another host name than other receivers, so that each is an endpoint of its own. */
  url(path = '/hooks'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** From now on, after the orders that are given one by one. */
  always(order: Order): void {
    this.order = order;
  }

  /** For the next requests, one each. */
  next(...orders: Order[]): void {
    this.orders.push(...orders);
  }

  /** Requests that hang. */
  get hanging(): number {
    return this.held.size;
  }

  /** Answers the requests that hang by 204. */
  release(): void {
    for (const response of this.held) response.writeHead(204).end();
  }

  of(type: string): Received[] {
    return this.received.filter(({ body }) => body.type === type);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(response: ServerResponse): void {
    const order = this.orders.shift() ?? this.order;
    switch (order.kind) {
      case 'status':
        response.writeHead(order.status, order.headers).end(order.text ?? '');
        return;
      case 'reset':
        response.socket?.resetAndDestroy();
        return;
      case 'slow':
        setTimeout(() => response.writeHead(204).end(), order.ms);
        return;
      case 'hang':
        this.held.add(response);
        response.on('close', () => this.held.delete(response));
    }
  }
}

/** Whether a secret verifies a request, as a receiver would check it. */
export function isSignedBy(secret: string, { text, headers }: Received): boolean {
  try {
    new Webhook(secret).verify(text, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
