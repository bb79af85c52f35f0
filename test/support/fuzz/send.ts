import { Agent } from 'undici';
import type { WireRequest } from './request.js';

export interface FuzzReply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** Longer than any event takes that is there already, in ms. */
const FIRST_EVENT_MS = 300;

/** Sends requests as they are over connections that are kept. Of an event stream it reads the first event and leaves. */
export class Wire {
  private readonly agent: Agent;

  constructor(
    readonly url: string,
    connections: number,
  ) {
    this.agent = new Agent({ connections, pipelining: 1 });
  }

  async send({ method, target, headers, body }: WireRequest): Promise<FuzzReply> {
    const reply = await this.agent.request({
      origin: this.url,
      path: target,
      method: method,
      headers: headers.flat(),
      body,
      headersTimeout: 20_000,
    });
    const isStream = String(reply.headers['content-type']).startsWith('text/event-stream') && method !== 'HEAD';
    const text = isStream ? await firstEvent(reply.body) : await reply.body.text();
    return { status: reply.statusCode, headers: reply.headers, text };
  }

  async end(): Promise<void> {
    await this.agent.destroy();
  }
}

async function firstEvent(
  body: AsyncIterable<Buffer> & { destroy(): void; on(event: 'error', does: () => void): unknown },
): Promise<string> {
  body.on('error', () => undefined);
  const timer = setTimeout(() => {
    body.destroy();
  }, FIRST_EVENT_MS);
  let text = '';
  try {
    for await (const part of body) {
      text += part.toString('utf8');
      if (/^data: .*\n\n/m.test(text)) break;
    }
  } catch {
    // Nothing to tell is what a stream may have, too.
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
  return text;
}
