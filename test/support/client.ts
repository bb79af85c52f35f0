import { Agent, request } from 'undici';

/** A session as the API shows it. */
export interface Session {
  id: string;
  room: string | null;
  generation: number;
  status: string;
  version: number;
  products: string[];
  tokens?: { stream?: string; sync?: string };
  metadata: Record<string, unknown>;
  failure: { code: string; detail: string; retryable: boolean } | null;
  [field: string]: unknown;
}

export interface Reply<T = Session> {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: T;
  text: string;
}

export interface Call {
  body?: unknown;
  /** `Prefer: wait=N`. */
  wait?: number;
  key?: string;
  headers?: Record<string, string>;
}

/** A client of the public API, as a customer's backend would write it: keep-alive, JSON, an API key. */
export class Client {
  private readonly agent: Agent;

  constructor(
    readonly url: string,
    readonly apiKey: string | null,
    connections = 50,
  ) {
    this.agent = new Agent({ connections, pipelining: 1 });
  }

  openRoom = (room: string, call: Call = {}) => this.send('PUT', `/v1/rooms/${encodeURIComponent(room)}/session`, call);
  readRoom = (room: string, call: Call = {}) => this.send('GET', `/v1/rooms/${encodeURIComponent(room)}/session`, call);
  create = (call: Call = {}) => this.send('POST', '/v1/sessions', call);
  read = (id: string, call: Call = {}) => this.send('GET', `/v1/sessions/${id}`, call);
  close = (id: string) => this.send('DELETE', `/v1/sessions/${id}`);
  rotate = (id: string, call: Call = {}) => this.send('POST', `/v1/sessions/${id}/rotate`, call);
  retry = (id: string) => this.send('POST', `/v1/sessions/${id}/retry`);

  async send<T = Session>(
    method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD' | 'PATCH' | 'OPTIONS',
    path: string,
    call: Call = {},
  ): Promise<Reply<T>> {
    const raw = typeof call.body === 'string' || Buffer.isBuffer(call.body);
    const reply = await request(`${this.url}${path}`, {
      method,
      dispatcher: this.agent,
      headers: {
        ...(this.apiKey !== null && { authorization: `Bearer ${this.apiKey}` }),
        ...(call.body !== undefined && { 'content-type': 'application/json' }),
        ...(call.wait !== undefined && { prefer: `wait=${call.wait}` }),
        ...(call.key !== undefined && { 'idempotency-key': call.key }),
        ...call.headers,
      },
      body: call.body === undefined ? null : raw ? (call.body as string | Buffer) : JSON.stringify(call.body),
    });
    const text = await reply.body.text();
    const json = String(reply.headers['content-type']).includes('json');
    return {
      status: reply.statusCode,
      headers: reply.headers,
      body: (json && text !== '' ? JSON.parse(text) : undefined) as T,
      text,
    };
  }

  /** Ends the connections. */
  async end(): Promise<void> {
    await this.agent.destroy();
  }
}
