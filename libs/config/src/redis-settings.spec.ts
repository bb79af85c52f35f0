import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queue } from './namespaces/queue.js';
import { redisUrlFault } from './namespaces/redis-url.js';
import { type Environment, examineSettings, readSettings } from './read-settings.js';

const faultsOf = (environment: Environment) => examineSettings({ queue }, environment).faults;

let directory: string;
let [cert, key, otherKey, text] = ['', '', '', ''];
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'redis-settings-'));
  [cert, key, otherKey, text] = ['cert.pem', 'key.pem', 'other.pem', 'text'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
    string,
  ];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=a'];
  execFileSync('openssl', [...request, '-keyout', otherKey, '-out', cert], { stdio: 'ignore' });
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  writeFileSync(text, 'hush');
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

describe('REDIS_URL', () => {
  it.each([
    'redis://r',
    'redis://:p%40ss%2F%25@r:6379',
    'rediss://user:p@r.example:6380/3',
    'redis://u:p@[::1]:6379',
    'redis://u:p@ss@r:6379/',
  ])('may be %s', (url) => {
    expect(redisUrlFault(url)).toBeNull();
  });

  it.each([
    ['http://:hush@r', 'redis:// or rediss://'],
    ['redis://:hu/sh@r:6379', 'percent-encode special characters'],
    ['redis://:hu?sh@r:6379', 'percent-encode special characters'],
    ['redis://hush:12/34@r:6379', '%2F'],
    ['redis://hush:12?34@r:6379', '%3F'],
    ['redis://hush:12#34@r:6379', '%23'],
    ['redis://:hush%@r:6379', '%25'],
    ['redis://:hush%zz@r:6379', '%25'],
    ['redis://r:port', 'percent-encode'],
    ['redis:///hush', 'must name a host'],
    ['redis://r:6379/hush', 'database number'],
    ['redis://r:6379?family=6', 'parameters'],
  ])('is refused with what to do, and nothing of it is repeated: %s', (url, advice) => {
    const faults = faultsOf({ REDIS_URL: url });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^REDIS_URL must /);
    expect(faults[0]).toContain(advice);
    expect(faults[0]).not.toMatch(/hush|sh@|34/);
  });

  it('keeps the file that it was read from', () => {
    const url = join(directory, 'url');
    writeFileSync(url, 'redis://r\n');
    expect(readSettings({ queue }, { REDIS_URL_FILE: url }).queue).toMatchObject({
      redisUrl: 'redis://r',
      redisUrlFile: url,
    });
    expect(readSettings({ queue }, { REDIS_URL: 'redis://r' }).queue.redisUrlFile).toBeUndefined();
  });
});

describe('TLS of Redis', () => {
  const tls = 'rediss://r';

  it('takes a CA and a client certificate', () => {
    const files = { REDIS_CA_FILE: cert, REDIS_CERT_FILE: cert, REDIS_KEY_FILE: key };
    expect(readSettings({ queue }, { REDIS_URL: tls, ...files }).queue.redisTls).toEqual({
      caFile: cert,
      certFile: cert,
      keyFile: key,
    });
  });

  it('refuses files that cannot be used, and halves of a pair', () => {
    expect(faultsOf({ REDIS_URL: tls, REDIS_CA_FILE: '/nowhere' })).toEqual([
      'REDIS_CA_FILE must be the path of a readable file',
    ]);
    expect(faultsOf({ REDIS_URL: tls, REDIS_CA_FILE: text, REDIS_CERT_FILE: key, REDIS_KEY_FILE: cert })).toEqual([
      'REDIS_CA_FILE must be a PEM file with certificates',
      'REDIS_CERT_FILE must be a PEM file with certificates',
      'REDIS_KEY_FILE must be a PEM file with an unencrypted private key',
    ]);
    expect(faultsOf({ REDIS_URL: tls, REDIS_CERT_FILE: cert })).toEqual(['REDIS_CERT_FILE requires REDIS_KEY_FILE']);
    expect(faultsOf({ REDIS_URL: tls, REDIS_KEY_FILE: key })).toEqual(['REDIS_KEY_FILE requires REDIS_CERT_FILE']);
    expect(faultsOf({ REDIS_URL: tls, REDIS_CERT_FILE: cert, REDIS_KEY_FILE: otherKey })).toEqual([
      'REDIS_KEY_FILE is not the key of the certificate in REDIS_CERT_FILE',
    ]);
  });

  it('needs a URL for TLS', () => {
    expect(faultsOf({ REDIS_URL: 'redis://r', REDIS_CA_FILE: cert })).toEqual([
      'REDIS_CA_FILE and REDIS_CERT_FILE require a REDIS_URL starting with rediss://',
    ]);
    expect(faultsOf({ REDIS_CA_FILE: cert })).toEqual(['REDIS_CA_FILE requires REDIS_URL']);
  });
});

describe('Sentinel', () => {
  it('takes a list of hosts, with the usual name, port and TLS as for the primary', () => {
    const { queue: settings } = readSettings(
      { queue },
      { REDIS_URL: 'rediss://:p@primary/2', REDIS_SENTINELS: 'a.example:26380, [::1]:5,b' },
    );
    expect(settings.redisSentinels).toMatchObject({
      hosts: [
        { host: 'a.example', port: 26_380 },
        { host: '::1', port: 5 },
        { host: 'b', port: 26_379 },
      ],
      master: 'mymaster',
      tls: true,
    });
    const plain = { REDIS_URL: 'redis://r', REDIS_SENTINELS: 'a', REDIS_SENTINEL_TLS: 'on', REDIS_CA_FILE: cert };
    expect(readSettings({ queue }, plain).queue.redisSentinels?.tls).toBe(true);
  });

  it.each(['a:b', 'a:0', 'a:70000', 'a,,b', 'redis://a:1', 'a b'])('refuses %s as a list', (list) => {
    expect(faultsOf({ REDIS_URL: 'redis://r', REDIS_SENTINELS: list })).toEqual([
      'REDIS_SENTINELS must be a comma-separated list of host:port, such as a.example:26379',
    ]);
  });

  it('refuses parts without the whole', () => {
    expect(faultsOf({ REDIS_SENTINELS: 'a' })).toEqual(['REDIS_SENTINELS requires REDIS_URL']);
    const parts = { REDIS_SENTINEL_MASTER: 'm', REDIS_SENTINEL_USERNAME: 'u', REDIS_SENTINEL_TLS: 'on' };
    expect(faultsOf({ REDIS_URL: 'redis://r', ...parts })).toEqual([
      'REDIS_SENTINEL_USERNAME requires REDIS_SENTINEL_PASSWORD',
      'REDIS_SENTINEL_TLS requires REDIS_SENTINELS',
      'REDIS_SENTINEL_MASTER requires REDIS_SENTINELS',
    ]);
    expect(faultsOf({ REDIS_URL: 'redis://r', REDIS_SENTINEL_PASSWORD: 'hush' })).toEqual([
      'REDIS_SENTINEL_PASSWORD requires REDIS_SENTINELS',
    ]);
  });
});
