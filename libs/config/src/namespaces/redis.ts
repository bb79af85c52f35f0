import { onOff, optionalText, type SecretFiles, text, type Values } from './namespace.js';
import { belongTogether, pemFile } from './pem-file.js';
import { hostsAndPorts, redisUrl } from './redis-url.js';

const DEFAULT_MASTER = 'mymaster';
const SENTINEL_PORT = 26_379;

/** How Redis is reached: parts of the namespace `queue`. */
export const redisVariables = {
  REDIS_URL: {
    schema: redisUrl.optional(),
    description:
      'Redis for the queue, with maxmemory-policy noeviction; rediss:// for TLS. If unset, the queue is kept in PostgreSQL.',
    secret: true,
    recipe: 'echo "redis://:$(openssl rand -hex 24)@localhost:6379"',
  },
  REDIS_CA_FILE: {
    schema: pemFile('certificate').optional(),
    description: 'PEM file with the CA certificates that sign those of Redis. If unset, the CAs of Node are trusted.',
  },
  REDIS_CERT_FILE: {
    schema: pemFile('certificate').optional(),
    description: 'PEM file with the client certificate for Redis. Requires REDIS_KEY_FILE.',
  },
  REDIS_KEY_FILE: {
    schema: pemFile('key').optional(),
    description: 'PEM file with the private key of the client certificate, unencrypted.',
  },
  REDIS_SENTINELS: {
    schema: hostsAndPorts(SENTINEL_PORT).optional(),
    description:
      'Sentinels that know the primary, comma-separated host:port. REDIS_URL then gives user, password, database number and TLS of the primary; its host is not used.',
  },
  REDIS_SENTINEL_MASTER: {
    schema: text,
    description: 'Name of the primary, as the sentinels know it.',
    default: DEFAULT_MASTER,
  },
  REDIS_SENTINEL_USERNAME: { schema: optionalText, description: 'User for the sentinels, if they require one.' },
  REDIS_SENTINEL_PASSWORD: {
    schema: optionalText,
    description: 'Password for the sentinels, if they require one.',
    secret: true,
    recipe: 'openssl rand -hex 24',
  },
  REDIS_SENTINEL_TLS: {
    schema: onOff.optional(),
    description: 'Connect to the sentinels with TLS: on or off. If unset: as to the primary (on for rediss://).',
  },
};

type RedisValues = Values<typeof redisVariables>;

/** What has no effect, or cannot work, without another variable. */
const REQUIREMENTS: readonly (readonly [keyof RedisValues, keyof RedisValues])[] = [
  ['REDIS_CA_FILE', 'REDIS_URL'],
  ['REDIS_CERT_FILE', 'REDIS_URL'],
  ['REDIS_CERT_FILE', 'REDIS_KEY_FILE'],
  ['REDIS_KEY_FILE', 'REDIS_CERT_FILE'],
  ['REDIS_SENTINELS', 'REDIS_URL'],
  ['REDIS_SENTINEL_USERNAME', 'REDIS_SENTINEL_PASSWORD'],
  ['REDIS_SENTINEL_PASSWORD', 'REDIS_SENTINELS'],
  ['REDIS_SENTINEL_TLS', 'REDIS_SENTINELS'],
];

/** Combinations that make no sense. An invalid variable is absent from `values`: what depends on it is not judged. */
export function redisFaults(values: Partial<RedisValues>): string[] {
  const isUnset = (name: keyof RedisValues) => name in values && values[name] === undefined;
  const faults = REQUIREMENTS.filter(([name, other]) => values[name] !== undefined && isUnset(other)).map(
    ([name, other]) => `${name} requires ${other}`,
  );
  const { REDIS_URL, REDIS_CA_FILE, REDIS_CERT_FILE, REDIS_KEY_FILE, REDIS_SENTINEL_MASTER } = values;
  if ((REDIS_SENTINEL_MASTER ?? DEFAULT_MASTER) !== DEFAULT_MASTER && isUnset('REDIS_SENTINELS'))
    faults.push('REDIS_SENTINEL_MASTER requires REDIS_SENTINELS');
  const withoutTls = REDIS_URL !== undefined && !isTls(REDIS_URL) && values.REDIS_SENTINEL_TLS !== true;
  if (withoutTls && (REDIS_CA_FILE ?? REDIS_CERT_FILE) !== undefined)
    faults.push('REDIS_CA_FILE and REDIS_CERT_FILE require a REDIS_URL starting with rediss://');
  const pair = REDIS_CERT_FILE !== undefined && REDIS_KEY_FILE !== undefined;
  if (pair && !belongTogether(REDIS_CERT_FILE, REDIS_KEY_FILE))
    faults.push('REDIS_KEY_FILE is not the key of the certificate in REDIS_CERT_FILE');
  return faults;
}

/** How Redis is reached, for `@app/connections`; `redisUrl` is undefined if Redis is not used. */
export function redisSettings(values: RedisValues, files: SecretFiles) {
  return {
    redisUrl: values.REDIS_URL,
    /** The file that `redisUrl` was read from: read again when it changes. */
    redisUrlFile: files.REDIS_URL,
    redisTls: { caFile: values.REDIS_CA_FILE, certFile: values.REDIS_CERT_FILE, keyFile: values.REDIS_KEY_FILE },
    redisSentinels:
      values.REDIS_SENTINELS === undefined
        ? undefined
        : {
            hosts: values.REDIS_SENTINELS,
            master: values.REDIS_SENTINEL_MASTER,
            username: values.REDIS_SENTINEL_USERNAME,
            password: values.REDIS_SENTINEL_PASSWORD,
            passwordFile: files.REDIS_SENTINEL_PASSWORD,
            tls: values.REDIS_SENTINEL_TLS ?? isTls(values.REDIS_URL ?? ''),
          },
  };
}

function isTls(url: string): boolean {
  return url.toLowerCase().startsWith('rediss:');
}
