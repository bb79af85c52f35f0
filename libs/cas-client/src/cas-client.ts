import { ConfigService, type SettingsService } from '@app/config';
import { Egress } from '@app/egress';
import type { Product } from '@app/kernel';
import { tracedCall } from '@app/tracing';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Dispatcher } from 'undici';
import { callUrl } from './transport/call-url.js';
import { type CasEndpoint, CasEndpoints } from './cas-endpoints.js';
import { Deadline } from './transport/deadline.js';
import {
  CasCallAbortedError,
  CasCredentialsRotatingError,
  CasCredentialsRejectedError,
  CasError,
  CasUnavailableError,
} from './errors/cas-errors.js';
import { exchange, type Reply } from './transport/exchange.js';
import { parseReply } from './reply/parse-reply.js';
import type { MintedToken } from './reply/read-token.js';
import { redirectTarget } from './transport/redirect-target.js';
import { classifyStatus } from './reply/classify-status.js';
import { classifyTransportError } from './transport/classify-transport-error.js';

/** The outcome of a call: a small set of values, suitable as a metric label. */
export type CasOutcome = 'ok' | CasError['code'];

/** A completed call, for metrics. */
export interface CasCall {
  /** Name of the endpoint that was called. */
  endpoint: string;
  product: Product;
  outcome: CasOutcome;
  seconds: number;
  /** The status of an answer without a token; null if there was a token, or no answer. */
  status: number | null;
}

export interface MintOptions {
  /** The one to call; the preferred one by default. */
  endpoint?: CasEndpoint | undefined;
  signal?: AbortSignal | undefined;
  /** The user whom a chat token is for; null for other products. */
  sub?: string | null;
}

/** undici's timers may fire half a second early. They must not fire before the client's deadline. */
const SECOND_NET_MS = 1000;

/** Client of the vendor's token service. Each call of `mint` is one attempt; retries are up to the caller. */
@Injectable()
export class CasClient implements OnApplicationShutdown {
  private readonly dispatcher: Dispatcher;
  private readonly observers: ((call: CasCall) => void)[] = [];

  constructor(
    @Inject(ConfigService) private readonly config: SettingsService<'cas'>,
    private readonly endpoints: CasEndpoints,
    egress: Egress,
  ) {
    // Only a backstop for the deadline of each call: it releases the connections of abandoned calls.
    this.dispatcher = egress.dispatcher(this.settings.timeoutMs + SECOND_NET_MS);
  }

  /**
   * Mints a token, which also creates a session with the vendor. Takes at most `CAS_TIMEOUT_MS`, from connect to the
   * last byte.
   *
   * @throws CasError, classified: CasUnavailableError (CasRateLimitedError), CasBadReplyError, CasCredentialsRejectedError, CasRejectedError, or
   *   CasCallAbortedError when `signal` aborts. A token already in flight is then lost.
   */
  async mint(product: Product, { endpoint, signal, sub = null }: MintOptions = {}): Promise<MintedToken> {
    const called = endpoint ?? this.preferred;
    return tracedCall('CAS mint', { 'watchtogether.product': product, 'watchtogether.cas.endpoint': called.name }, () =>
      this.attempt(called, product, signal, sub),
    );
  }

  private async attempt(
    endpoint: CasEndpoint,
    product: Product,
    signal: AbortSignal | undefined,
    sub: string | null,
  ): Promise<MintedToken> {
    const started = performance.now();
    const tell = (outcome: CasOutcome, status: number | null = null): void => {
      const seconds = (performance.now() - started) / 1000;
      for (const observer of this.observers) observer({ endpoint: endpoint.name, product, outcome, seconds, status });
    };
    try {
      const reply = await this.ask(endpoint, callUrl(endpoint.url, product, sub), signal);
      const minted = this.judge(endpoint, reply);
      tell('ok');
      return minted;
    } catch (error) {
      if (error instanceof CasError) tell(error.code, error.status);
      throw error;
    }
  }

  /** While the credential files are changing, a rejection is retryable: the session waits for the new key pair. */
  private judge(endpoint: CasEndpoint, reply: Reply): MintedToken {
    try {
      return parseReply(reply, this.settings.tokenMaxTtlS, Date.now());
    } catch (error) {
      const rotating = error instanceof CasCredentialsRejectedError && endpoint.isRotating();
      const thrown = rotating ? new CasCredentialsRotatingError() : error;
      if (thrown instanceof CasError) thrown.status = reply.status;
      throw thrown;
    }
  }

  /** Calls `observer` after each call, whatever its outcome. It must not throw. */
  observe(observer: (call: CasCall) => void): void {
    this.observers.push(observer);
  }

  /** Calls in flight fail with CasCallAbortedError, since their tokens could no longer be published. */
  async onApplicationShutdown(): Promise<void> {
    await this.dispatcher.destroy();
  }

  /** The whole attempt, redirect included, under one deadline. */
  private async ask(endpoint: CasEndpoint, url: URL, signal: AbortSignal | undefined): Promise<Reply> {
    if (signal?.aborted === true) throw new CasCallAbortedError();
    const deadline = new Deadline(this.settings.timeoutMs, signal);
    try {
      return await deadline.bound(this.follow(endpoint, url, deadline.signal));
    } catch (error) {
      if (deadline.abortedByCaller) throw new CasCallAbortedError();
      if (deadline.signal.aborted) throw new CasUnavailableError({ cause: new Error('no response') });
      throw classifyTransportError(error);
    } finally {
      deadline.clear();
    }
  }

  /** Follows at most one redirect, within the same origin. */
  private async follow(endpoint: CasEndpoint, url: URL, signal: AbortSignal): Promise<Reply> {
    const credentials = endpoint.keyPair();
    const reply = await exchange(this.dispatcher, url, credentials, signal);
    const target = classifyStatus(reply.status) === 'redirect' ? redirectTarget(url, reply.location) : undefined;
    return target === undefined ? reply : exchange(this.dispatcher, target, credentials, signal);
  }

  private get preferred(): CasEndpoint {
    const [first] = this.endpoints.inOrder();
    if (first === undefined) throw new Error('there is no CAS endpoint');
    return first;
  }

  private get settings() {
    return this.config.get('cas', { infer: true });
  }
}
