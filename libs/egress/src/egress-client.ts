import { CodedError } from '@app/kernel';
import { type Dispatcher, fetch } from 'undici';

export interface EgressClientOptions {
  /** Of a call, from connect to the last byte. */
  timeoutMs: number;
  /** Of a response body, decoded. */
  maxBytes: number;
  /** What happens to a longer one; `reject`. With `cut` the rest is not read. */
  longer?: 'reject' | 'cut';
}

export interface TextRequest {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  /** Ends the call earlier than its timeout. */
  signal?: AbortSignal;
}

export interface TextReply {
  status: number;
  text: string;
  /** The value of a header; null if it is absent. */
  header: (name: string) => string | null;
}

/** The response body is longer than the caller accepts. */
export class ReplyTooLargeError extends CodedError {
  readonly code = 'reply-too-large';

  constructor() {
    super('The response is too large');
  }
}

/** undici's timers may fire half a second early. They must not fire before the timeout of the call. */
const SECOND_NET_MS = 1000;

/** Calls that send and receive short texts, each with one time limit. Redirects are not followed. */
export class EgressClient {
  private readonly dispatcher: Dispatcher;

  constructor(
    createDispatcher: (timeoutMs: number) => Dispatcher,
    private readonly options: EgressClientOptions,
  ) {
    this.dispatcher = createDispatcher(options.timeoutMs + SECOND_NET_MS);
  }

  /** @throws the error of fetch (see `egressCause`), ReplyTooLargeError */
  async send(url: string, { signal, ...request }: TextRequest = {}): Promise<TextReply> {
    const { maxBytes, longer = 'reject' } = this.options;
    const timeout = AbortSignal.timeout(this.options.timeoutMs);
    const reply = await fetch(url, {
      ...request,
      redirect: 'manual',
      dispatcher: this.dispatcher,
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of (reply.body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += part.length;
      parts.push(part);
      if (bytes <= maxBytes) continue;
      if (longer === 'reject') throw new ReplyTooLargeError();
      break;
    }
    const text = Buffer.concat(parts).subarray(0, maxBytes).toString('utf8');
    return { status: reply.status, text, header: (name) => reply.headers.get(name) };
  }

  /** Calls under way fail. */
  async close(): Promise<void> {
    await this.dispatcher.destroy();
  }
}
