import { http } from './namespaces/http.js';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartupError } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatewayNamespaces, migrateNamespaces, sandboxNamespaces, workerNamespaces } from './apps.js';
import { type Environment, examineSettings, readSettings } from './read-settings.js';
import type { Namespace } from './namespaces/namespace.js';

const KEYS = `k1:${randomBytes(32).toString('base64')}`;
const API_KEY = 'wtk_test_0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff';

const gateway: Environment = { DATABASE_URL: 'postgres://u:hush@db/x', TOKEN_ENCRYPTION_KEYS: KEYS };
const worker: Environment = { ...gateway, CAS_URL: 'https://cas.example', CAS_API_KEY: 'k', CAS_API_SECRET: 's' };

/** The reported errors; none if the settings can be read. */
function faultsOf(namespaces: Record<string, Namespace>, environment: Environment): string[] {
  try {
    readSettings(namespaces, environment);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(StartupError);
    const [first, ...faults] = (error as StartupError).message.split('\n');
    expect(first).toBe('Invalid configuration:');
    return faults.map((line) => line.replace('  - ', ''));
  }
}

describe('the configuration', () => {
  let directory: string;
  const file = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'settings-'));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it('refuses the earlier name of a variable and names the new one', () => {
    expect(() => readSettings({ http }, { MAX_STREAMS: '5' })).toThrow('MAX_STREAMS is now called MAX_SSE_CONNECTIONS');
  });

  it('requires little', () => {
    const settings = readSettings(gatewayNamespaces, gateway);
    expect(settings.http).toEqual({
      port: 3000,
      host: '0.0.0.0',
      swagger: true,
      index: false,
      corsOrigins: [],
      maxConnections: 50_000,
      maxWaits: 20_000,
      maxSseConnections: 10_000,
      streamHeartbeatMs: 15_000,
      trustedProxies: 0,
      drainMs: 0,
      logRequests: 'all',
    });
    expect(settings.roomApi).toEqual({ on: false, origins: [], waitS: 20 });
    expect(settings.ops).toEqual({ port: 3001, host: '127.0.0.1' });
    expect(settings.sessions).toEqual({
      defaultProducts: ['stream'],
      mintDeadlineS: 900,
      maxPending: 200_000,
      maxParticipants: 16,
    });
    expect(settings.queue.redisUrl).toBeUndefined();
    expect(readSettings(workerNamespaces, worker).ops.port).toBe(3002);
    expect(readSettings(workerNamespaces, worker).cas.timeoutMs).toBe(5000);
  });

  it('reports all errors at once and never a value', () => {
    const environment = {
      NODE_ENV: 'staging-3141',
      LOG_LEVEL: 'loud-3141',
      PORT: '3141-port',
      SWAGGER: '3141-yes',
      DRAIN_MS: '31415926535',
      DATABASE_URL: 'mysql://u:3141@db/x',
      DATABASE_POOL: '1',
      REDIS_URL: 'http://:3141@redis',
      TOKEN_ENCRYPTION_KEYS: '3141:short',
      BOOTSTRAP_API_KEY: 'wtk_3141_short',
      DEFAULT_PRODUCTS: 'stream,3141',
      FAILPOINT: 'after-cas',
    };
    const faults = faultsOf(gatewayNamespaces, environment);
    expect(faults).toEqual([
      'NODE_ENV must be one of development, test, production',
      'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
      'FAILPOINT must not be set in production',
      'PORT must be a whole number',
      'SWAGGER must be one of on, off',
      'DRAIN_MS must be at most 600000',
      'DATABASE_URL must be a URL starting with postgres:// or postgresql://',
      'DATABASE_POOL must be at least 2',
      'REDIS_URL must be a URL starting with redis:// or rediss://',
      'TOKEN_ENCRYPTION_KEYS must be a comma-separated list of <key id>:<base64 of 32 bytes>',
      'BOOTSTRAP_API_KEY must be wtk_<id>_<secret>: id 4 to 16 characters of a-z0-9, secret 43 to 128 characters of A-Za-z0-9',
      'DEFAULT_PRODUCTS must be a comma-separated list of stream, sync',
    ]);
    expect(faults.join()).not.toContain('3141');
  });

  it('reports every required variable of a worker without any', () => {
    expect(faultsOf(workerNamespaces, {})).toEqual([
      'DATABASE_URL is not set',
      'TOKEN_ENCRYPTION_KEYS is not set',
      'CAS_URL is not set',
      'CAS_API_KEY is not set',
      'CAS_API_SECRET is not set',
    ]);
  });

  it('points out misspelled variables among the errors', () => {
    expect(faultsOf(gatewayNamespaces, { TOKEN_ENCRYPTION_KEYS: KEYS, DATABSE_URL: 'postgres://u:hush@db/x' })).toEqual(
      ['DATABASE_URL is not set', 'unknown environment variable DATABSE_URL is ignored; did you mean DATABASE_URL?'],
    );
  });

  it.each(['schlüssel', 'two words', 'a\nb'])('rejects CAS credentials that a header cannot carry: %j', (value) => {
    expect(faultsOf(workerNamespaces, { ...worker, CAS_API_KEY: value, CAS_API_SECRET: value })).toEqual([
      'CAS_API_KEY must be printable ASCII without spaces',
      'CAS_API_SECRET must be printable ASCII without spaces',
    ]);
  });

  it('gives a process only what it needs: the gateway never sees the CAS secrets', () => {
    expect(
      JSON.stringify(readSettings(gatewayNamespaces, { ...worker, CAS_API_SECRET: 'vendor-secret' })),
    ).not.toContain('vendor-secret');
    expect(readSettings(migrateNamespaces, { DATABASE_URL: 'postgres://db/x' }).database.url).toBe('postgres://db/x');
  });

  it('can be examined with only some variables set', () => {
    const { settings, faults, unset } = examineSettings(workerNamespaces, {
      DATABASE_URL: 'postgres://db/x',
      OPS_PORT: 'y',
    });
    expect(settings.database?.url).toBe('postgres://db/x');
    expect([settings.cas, settings.ops]).toEqual([undefined, undefined]);
    expect(faults).toEqual(['OPS_PORT must be a whole number']);
    expect(unset).toEqual(['TOKEN_ENCRYPTION_KEYS', 'CAS_URL', 'CAS_API_KEY', 'CAS_API_SECRET']);
  });

  it('treats an empty variable as unset', () => {
    const settings = readSettings(gatewayNamespaces, { ...gateway, PORT: '', REDIS_URL: '', BOOTSTRAP_API_KEY: '' });
    expect(settings.http.port).toBe(3000);
    expect(settings.queue.redisUrl).toBeUndefined();
    expect(settings.access.bootstrapKey).toBeUndefined();
    expect(faultsOf(gatewayNamespaces, { ...gateway, DATABASE_URL: '' })).toEqual(['DATABASE_URL is not set']);
  });

  describe('a secret', () => {
    it('can be read from a file, without the trailing newline', () => {
      const DATABASE_URL_FILE = file('url', 'postgres://u:p@db/from-file\n');
      const settings = readSettings(gatewayNamespaces, {
        TOKEN_ENCRYPTION_KEYS: KEYS,
        DATABASE_URL: '',
        DATABASE_URL_FILE,
      });
      expect(settings.database.url).toBe('postgres://u:p@db/from-file');
    });

    it('keeps the path of its file if it is reread later', () => {
      const CAS_API_SECRET_FILE = file('secret', 's');
      const { cas } = readSettings(workerNamespaces, { ...worker, CAS_API_SECRET: '', CAS_API_SECRET_FILE });
      expect(cas).toMatchObject({
        endpoints: [{ apiSecret: 's' }],
        apiSecretFile: CAS_API_SECRET_FILE,
        apiKeyFile: undefined,
      });
    });

    it('is rejected when both the variable and the file are set', () => {
      const environment = { ...gateway, DATABASE_URL_FILE: file('again', 'postgres://db/x') };
      expect(faultsOf(gatewayNamespaces, environment)).toEqual(['DATABASE_URL and DATABASE_URL_FILE are both set']);
    });

    it('is rejected when its file cannot be read, without revealing the path', () => {
      const environment = { TOKEN_ENCRYPTION_KEYS: KEYS, DATABASE_URL_FILE: join(directory, 'absent') };
      expect(faultsOf(gatewayNamespaces, environment)).toEqual([
        'DATABASE_URL_FILE points to a file that cannot be read',
      ]);
    });

    it('is rejected when its file is empty', () => {
      const environment = { ...gateway, TOKEN_ENCRYPTION_KEYS: '', TOKEN_ENCRYPTION_KEYS_FILE: file('empty', '\n') };
      expect(faultsOf(gatewayNamespaces, environment)).toEqual(['TOKEN_ENCRYPTION_KEYS_FILE points to an empty file']);
    });

    it('is the only kind of variable that can be read from a file', () => {
      expect(readSettings(gatewayNamespaces, { ...gateway, PORT_FILE: file('port', '7') }).http.port).toBe(3000);
    });
  });

  describe('without NODE_ENV', () => {
    it('is production', () => {
      expect(readSettings(gatewayNamespaces, gateway).runtime.production).toBe(true);
      expect(readSettings(gatewayNamespaces, { ...gateway, NODE_ENV: '' }).runtime.production).toBe(true);
      expect(faultsOf(gatewayNamespaces, { ...gateway, FAILPOINT: 'after-cas' })).toEqual([
        'FAILPOINT must not be set in production',
      ]);
      expect(faultsOf(sandboxNamespaces, { CAS_API_KEY: 'k', CAS_API_SECRET: 's' })).toEqual([
        'NODE_ENV: the CAS sandbox does not run in production',
      ]);
    });

    it('listens on all addresses; in development only on loopback', () => {
      expect(readSettings(gatewayNamespaces, gateway).http.host).toBe('0.0.0.0');
      expect(readSettings(gatewayNamespaces, { ...gateway, NODE_ENV: 'development' }).http.host).toBe('127.0.0.1');
    });
  });

  describe('the CAS URL', () => {
    const withUrl = (CAS_URL: string, more: Environment = {}) =>
      faultsOf(workerNamespaces, { ...worker, CAS_URL, ...more });

    it.each([
      'https://cas.example',
      'http://localhost:8080',
      'http://127.0.0.1:1',
      'http://127.1.2.3',
      'http://[::1]:1',
    ])('may be %s in production', (url) => {
      expect(withUrl(url)).toEqual([]);
    });

    it.each([
      'http://cas.example',
      'http://127.0.0.1.cas.example',
      'http://localhost.cas.example',
      'http://10.0.0.1',
      'http://[::2]',
    ])('may not be %s in production, unless explicitly allowed', (url) => {
      const fault = 'CAS_URL must be https in production, unless its host is loopback or CAS_ALLOW_HTTP=on';
      expect(withUrl(url)).toEqual([fault]);
      expect(withUrl(url, { CAS_ALLOW_HTTP: 'off' })).toEqual([fault]);
      expect(withUrl(url, { CAS_ALLOW_HTTP: 'on' })).toEqual([]);
      expect(withUrl(url, { NODE_ENV: 'development' })).toEqual([]);
    });

    it('must be a URL', () => {
      for (const url of ['cas.example', 'ftp://cas.example', 'https//x']) {
        expect(withUrl(url)).toEqual(['CAS_URL must be a URL starting with http:// or https://']);
      }
    });
  });

  describe('the token encryption keys', () => {
    const withKeys = (TOKEN_ENCRYPTION_KEYS: string) =>
      faultsOf(gatewayNamespaces, { ...gateway, TOKEN_ENCRYPTION_KEYS });
    const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

    it('are a key ring, in order', () => {
      const { sealing } = readSettings(gatewayNamespaces, {
        ...gateway,
        TOKEN_ENCRYPTION_KEYS: `${key('k2')}, ${key('k1')}`,
      });
      expect(sealing.keys.map(({ id, key: bytes }) => [id, bytes.length])).toEqual([
        ['k2', 32],
        ['k1', 32],
      ]);
    });

    it.each([
      ['no id', randomBytes(32).toString('base64')],
      ['31 bytes', `k1:${randomBytes(31).toString('base64')}`],
      ['33 bytes', `k1:${randomBytes(33).toString('base64')}`],
      ['hex', `k1:${randomBytes(32).toString('hex')}`],
      ['an id with a dot', key('k.1')],
      ['an empty entry', `${key('k1')},`],
    ])('may not contain %s', (_name, keys) => {
      expect(withKeys(keys)).toEqual([
        'TOKEN_ENCRYPTION_KEYS must be a comma-separated list of <key id>:<base64 of 32 bytes>',
      ]);
    });

    it('may not contain one id twice', () => {
      expect(withKeys(`${key('k1')},${key('k1')}`)).toEqual([
        'TOKEN_ENCRYPTION_KEYS must not contain the same key id twice',
      ]);
    });

    it.each([
      ['zeros', Buffer.alloc(32)],
      ['one letter', Buffer.alloc(32, 'a')],
      ['counting up', Buffer.from(Array.from({ length: 32 }, (_, i) => i))],
      ['readable text', Buffer.from('0123456789abcdef0123456789abcdef')],
      ['a sentence', Buffer.from('change-me-change-me-change-me-!!')],
    ])('may not be a sample: %s', (_name, bytes) => {
      expect(withKeys(`k1:${bytes.toString('base64')}`)).toEqual([
        'TOKEN_ENCRYPTION_KEYS must contain random keys: one of them is a sample',
      ]);
    });
  });

  describe('the bootstrap API key', () => {
    const withKey = (BOOTSTRAP_API_KEY: string) => faultsOf(gatewayNamespaces, { ...gateway, BOOTSTRAP_API_KEY });

    it('is accepted when it looks random', () => {
      expect(withKey(API_KEY)).toEqual([]);
    });

    it('may not be a sample', () => {
      for (const secret of ['x'.repeat(43), 'changeme'.repeat(6), 'secret'.repeat(8)]) {
        expect(withKey(`wtk_test_${secret}`)).toEqual(['BOOTSTRAP_API_KEY must contain a random secret, not a sample']);
      }
    });
  });
});
