import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { readSecretFile } from '@app/config';
import type { RedisOptions } from 'ioredis';
import type { RedisSettings } from './redis-settings.js';

const DEFAULT_PORT = 6379;

/** The options of ioredis that say where to connect, and as whom. */
export type RedisAddress = Pick<
  RedisOptions,
  | 'host'
  | 'port'
  | 'username'
  | 'password'
  | 'db'
  | 'tls'
  | 'sentinels'
  | 'name'
  | 'sentinelUsername'
  | 'sentinelPassword'
  | 'sentinelTLS'
  | 'enableTLSForSentinelMode'
>;

/**
 * Says, for each new connection, where to connect and as whom. Files with certificates and with the password for the
 * sentinels are read each time, so that renewed ones need no restart; while they cannot be used, the last good ones are.
 */
export class RedisAddresses {
  private context: SecureContext | undefined;
  private sentinelPassword: string | undefined;

  constructor(private readonly settings: RedisSettings) {}

  /** @param url a valid URL of Redis */
  of(url: string): RedisAddress {
    const { protocol, hostname, port, username, password, pathname } = new URL(url);
    const secure = protocol === 'rediss:';
    const tls = secure ? { tls: { secureContext: this.secureContext() } } : {};
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? DEFAULT_PORT : Number(port),
      username: username === '' ? undefined : decodeURIComponent(username),
      password: password === '' ? undefined : decodeURIComponent(password),
      db: Number(pathname.slice(1)),
      tls: undefined,
      ...tls,
      ...this.ofSentinels(secure),
    };
  }

  /** Where and how to connect to the sentinels themselves. */
  sentinels(): RedisAddress[] {
    const { hosts = [], username, tls = false } = this.settings.redisSentinels ?? {};
    return hosts.map(({ host, port }) => ({
      host,
      port,
      username,
      password: this.passwordOfSentinels(),
      ...(tls && { tls: { secureContext: this.secureContext() } }),
    }));
  }

  private ofSentinels(secure: boolean): RedisAddress {
    const { redisSentinels } = this.settings;
    if (redisSentinels === undefined) return {};
    const { hosts, master, username, tls } = redisSentinels;
    return {
      sentinels: hosts,
      name: master,
      sentinelUsername: username,
      sentinelPassword: this.passwordOfSentinels(),
      enableTLSForSentinelMode: secure,
      ...(tls && { sentinelTLS: { secureContext: this.secureContext() } }),
    };
  }

  private passwordOfSentinels(): string | undefined {
    const { password, passwordFile } = this.settings.redisSentinels ?? {};
    const read = passwordFile === undefined ? password : readSecretFile(passwordFile);
    if (read !== null && read !== '') this.sentinelPassword = read;
    return this.sentinelPassword ?? password;
  }

  /** Made here, since ioredis gives up for good when files do not belong together, as in the middle of a renewal. */
  private secureContext(): SecureContext {
    const { caFile, certFile, keyFile } = this.settings.redisTls ?? {};
    const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
    try {
      this.context = createSecureContext({ ca: read(caFile), cert: read(certFile), key: read(keyFile) });
    } catch (error) {
      if (this.context === undefined) throw error;
    }
    return this.context;
  }
}
