import type { HostAndPort } from '@app/config';
import { endpoint } from '@app/kernel';

/** How Redis is reached: the part of the settings of the queue that `libs/config` derives from the `REDIS_` variables. */
export interface RedisSettings {
  redisUrl: string;
  /** The file that the URL was read from: read again when it changes. */
  redisUrlFile?: string | undefined;
  redisTls?: TlsFiles | undefined;
  redisSentinels?: SentinelSettings | undefined;
  /** All keys begin with it and a colon. */
  prefix: string;
}

/** Paths of PEM files. */
export interface TlsFiles {
  caFile?: string | undefined;
  certFile?: string | undefined;
  keyFile?: string | undefined;
}

export interface SentinelSettings {
  hosts: HostAndPort[];
  master: string;
  username?: string | undefined;
  password?: string | undefined;
  /** The file that the password was read from: read again for each connection. */
  passwordFile?: string | undefined;
  tls: boolean;
}

/** Where Redis is, for logs: without credentials. */
export function redisPlace({ redisUrl, redisSentinels }: Pick<RedisSettings, 'redisUrl' | 'redisSentinels'>): string {
  if (redisSentinels === undefined) return `Redis at ${endpoint(redisUrl)}`;
  const { master, hosts } = redisSentinels;
  const places = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${String(port)}`);
  return `Redis primary ${master} by sentinels ${places.join(', ')}`;
}

/** Whether the settings name a Redis; if not, the queue is in PostgreSQL. */
export function usesRedis<T extends { redisUrl: string | undefined }>(
  settings: T,
): settings is T & { redisUrl: string } {
  return settings.redisUrl !== undefined;
}
