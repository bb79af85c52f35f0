import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { examineSettings } from '../read-settings.js';
import { egress } from './egress.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'egress-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const read = (environment: Record<string, string>) => examineSettings({ egress }, environment);
const proxyOf = (environment: Record<string, string>) => read(environment).settings.egress?.proxy?.href;
const file = (name: string, content: string) => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};

describe('the proxy', () => {
  it('may be given without a scheme, as to curl', () => {
    expect(proxyOf({ HTTPS_PROXY: 'proxy.example:3128' })).toBe('http://proxy.example:3128/');
    expect(proxyOf({ HTTPS_PROXY: 'u:p@proxy.example' })).toBe('http://u:p@proxy.example/');
    expect(proxyOf({ HTTPS_PROXY: 'https://proxy.example' })).toBe('https://proxy.example/');
    expect(proxyOf({ HTTPS_PROXY: '[::1]:3128' })).toBe('http://[::1]:3128/');
  });

  it('is read in lower case too, which wins unless it is empty', () => {
    expect(proxyOf({ https_proxy: 'lower:1', HTTPS_PROXY: 'upper:1' })).toBe('http://lower:1/');
    expect(proxyOf({ https_proxy: '', HTTPS_PROXY: 'upper:1' })).toBe('http://upper:1/');
    expect(read({ no_proxy: 'lower', NO_PROXY: 'upper' }).settings.egress?.noProxy).toBe('lower');
  });

  it('is that of ALL_PROXY if there is no other', () => {
    expect(proxyOf({ all_proxy: 'all:1' })).toBe('http://all:1/');
    expect(proxyOf({ ALL_PROXY: 'all:1', HTTPS_PROXY: 'https:1' })).toBe('http://https:1/');
    expect(proxyOf({})).toBeUndefined();
  });

  it('is not read from the variables for plain http', () => {
    expect(proxyOf({ http_proxy: 'plain:1', HTTP_PROXY: 'plain:1' })).toBeUndefined();
  });

  it.each(['socks5://x:1', 'ftp://x', 'http://u:50%@x:1', 'http://', '  '])('may not be %j', (value) => {
    const text = 'must be the URL of an http or https proxy, with user and password percent-encoded';
    expect(read({ HTTPS_PROXY: value }).faults).toEqual([`HTTPS_PROXY ${text}`]);
    expect(read({ ALL_PROXY: value }).faults).toEqual([`ALL_PROXY ${text}`]);
  });

  it('of another kind in ALL_PROXY does not matter in development, or beside HTTPS_PROXY', () => {
    const environment = { ALL_PROXY: 'socks5://x:1' };
    expect(read({ ...environment, NODE_ENV: 'development' })).toMatchObject({ faults: [] });
    expect(proxyOf({ ...environment, HTTPS_PROXY: 'x:1' })).toBe('http://x:1/');
  });

  it('may be in a file, but not in lower case as well', () => {
    const HTTPS_PROXY_FILE = file('proxy', 'http://u:p@proxy:1\n');
    expect(proxyOf({ HTTPS_PROXY_FILE })).toBe('http://u:p@proxy:1/');
    expect(read({ HTTPS_PROXY_FILE, https_proxy: 'x:1' }).faults).toEqual([
      'https_proxy and HTTPS_PROXY_FILE are both set',
    ]);
  });
});

describe('EXTRA_CA_CERTS', () => {
  it('is a file of certificates', () => {
    const certificates = rootCertificates.slice(0, 2);
    const EXTRA_CA_CERTS = file('ca.pem', `# ours\n${certificates.join('\n\n')}\n`);
    expect(read({ EXTRA_CA_CERTS }).settings.egress?.extraCa).toEqual(certificates);
  });

  it.each([
    ['cannot be read', undefined, 'points to a file that cannot be read'],
    ['holds none', 'hush', 'points to a file without a PEM certificate'],
    [
      'holds a broken one',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'points to a file with an invalid PEM certificate',
    ],
  ])('stops the start if it %s', (_what, content, fault) => {
    const EXTRA_CA_CERTS = content === undefined ? join(directory, 'absent') : file('broken.pem', content);
    expect(read({ EXTRA_CA_CERTS }).faults).toEqual([`EXTRA_CA_CERTS ${fault}`]);
  });
});
