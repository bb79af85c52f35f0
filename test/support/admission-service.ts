import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Asked {
  who: Record<string, string>;
  action: string;
  session: string | null;
  room: string | null;
  /** For chat tokens. */
  subject?: string;
}

/** The customer's own logic as a service: it verifies every question, writes it down, and answers as it is told. */
export class AdmissionService {
  readonly secret = `whsec_${randomBytes(32).toString('base64')}`;
  /** Every question whose signature was good. */
  readonly asked: Asked[] = [];
  /** The headers of the same. */
  readonly headers: IncomingHttpHeaders[] = [];
  /** Questions whose signature was not. */
  forged = 0;
  /** What it makes of a question; one that answers by itself gives undefined. */
  answer: (question: Asked, response: ServerResponse) => object | undefined = () => ({ allow: true });
  url = '';
  private server: Server | undefined;

  static async start(): Promise<AdmissionService> {
    const service = new AdmissionService();
    const server = createServer((request, response) => void service.take(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    service.server = server;
    service.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/admission`;
    return service;
  }

  /** What a gateway has to be told. */
  get env(): Record<string, string> {
    return { ADMISSION_URL: this.url, ADMISSION_SECRET: this.secret };
  }

  /** Forgets what was asked and admits everybody. */
  reset(): void {
    this.asked.length = 0;
    this.answer = () => ({ allow: true });
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    try {
      new Webhook(this.secret).verify(body, request.headers as Record<string, string>);
    } catch {
      this.forged++;
      response.writeHead(401).end();
      return;
    }
    const question = JSON.parse(body) as Asked;
    this.headers.push(request.headers);
    this.asked.push(question);
    const answer = this.answer(question, response);
    if (answer !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    }
  }
}
