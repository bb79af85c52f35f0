import { type Command, Redis, type RedisOptions } from 'ioredis';
import { ReconnectRule } from './reconnect-rule.js';
import { jittered } from '@app/kernel';
import type { RedisAddress } from './redis-address.js';

const noop = (): void => undefined;

/** Longer than a slow TLS handshake; a host that swallows packets is given up after it, in ms. */
export const CONNECT_TIMEOUT_MS = 3000;
const MAX_RETRY_MS = 1000;
/** How long a connection that is ended may take to say goodbye; a silent one never does, in ms. */
const GOODBYE_MS = 300;
const KEEP_ALIVE_MS = 10_000;

/**
 * Replies to commands of the handshake that are no reason to give up, but that ioredis prints to standard error: a user
 * who may not read INFO, and a password for a server that requires none.
 */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  info: /NOPERM/,
  auth: /no password is set|without any password configured/,
};

/** What a new connection needs to know, at the time when it is made. */
export type CurrentAddress = () => RedisAddress;

/**
 * The only kind of Redis client in the product. In addition to ioredis it asks for its address before each connection,
 * writes nothing to standard error, notices a server that is no longer the primary, and remembers why it is not connected.
 */
export class RedisClient extends Redis {
  /** Why there is no connection; undefined while there is one, or none was tried. */
  lastError: Error | undefined;

  constructor(
    private readonly address: CurrentAddress,
    options: RedisOptions = {},
  ) {
    const rule = new ReconnectRule();
    super({
      connectTimeout: CONNECT_TIMEOUT_MS,
      disconnectTimeout: GOODBYE_MS,
      keepAlive: KEEP_ALIVE_MS,
      maxLoadingRetryTime: MAX_RETRY_MS,
      retryStrategy: (times) => jittered(Math.min(MAX_RETRY_MS, 100 * 2 ** times)),
      reconnectOnError: (error) => rule.decide(error),
      sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
      // Asked before each round through the sentinels, which ends only when one of them knows the primary.
      sentinelRetryStrategy: (times) => {
        this.refresh();
        return Math.min(MAX_RETRY_MS, 100 * times);
      },
      ...options,
      ...address(),
      // Connected by `open`, after the listeners were attached.
      lazyConnect: true,
    });
    this.on('error', (error: Error) => {
      this.lastError = error;
    });
    this.on('connect', () => {
      rule.connected();
    });
    this.on('ready', () => {
      this.lastError = undefined;
    });
  }

  /** Starts to connect, and goes on until it is closed. */
  open(): this {
    this.connect().catch(noop);
    return this;
  }

  override connect(...given: Parameters<Redis['connect']>): Promise<void> {
    this.refresh();
    return super.connect(...given);
  }

  /** Ends the connection, if there is one, for another that is made with the address of that time. */
  replaceConnection(): void {
    // Without a connection the next one is on its way; a client that asks the sentinels would be ended for good.
    if (this.status === 'connect' || this.status === 'ready') this.disconnect(true);
  }

  override sendCommand(...given: Parameters<Redis['sendCommand']>): unknown {
    forgive(given[0]);
    return super.sendCommand(...given);
  }

  /** ioredis reads its options again for each connection. */
  private refresh(): void {
    Object.assign(this.options, this.address());
  }
}

function forgive(command: Command): void {
  const harmless = HARMLESS[command.name];
  if (harmless === undefined) return;
  const reject = command.reject;
  command.reject = (error) => {
    if (harmless.test(error.message)) command.resolve(Buffer.from(''));
    else reject(error);
  };
}
