import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parsePostgresUrl, UrlFault } from './postgres-url.js';

let directory: string;
let pem: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'watchtogether-url-'));
  pem = join(directory, 'file.pem');
  writeFileSync(pem, '-----BEGIN CERTIFICATE-----\n');
  writeFileSync(join(directory, 'file.txt'), 'text');
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function fault(url: string): string {
  try {
    parsePostgresUrl(url);
  } catch (error) {
    if (error instanceof UrlFault) return error.message;
  }
  return '';
}

describe('parsePostgresUrl', () => {
  it.each([
    ['postgres://u:p@db:6432/x', { host: 'db', port: 6432, user: 'u', password: 'p', database: 'x', ssl: false }],
    ['postgresql://db', { host: 'db', ssl: false }],
    ['postgres://u:p%40%2Fs@[::1]/x', { host: '::1', password: 'p@/s' }],
    ['postgres://u@%2Fvar%2Frun%2Fpostgresql/x', { host: '/var/run/postgresql', user: 'u', database: 'x' }],
    ['postgres:///x?host=/var/run/postgresql&port=5433', { host: '/var/run/postgresql', port: 5433, database: 'x' }],
    ['postgres://u:p@/x?host=/run', { host: '/run', user: 'u', database: 'x' }],
    ['postgres://db/x?user=u&password=p', { user: 'u', password: 'p' }],
    ['postgres://db/x?options=-c%20geqo%3Doff', { options: '-c geqo=off' }],
    ['postgres://db/x?connect_timeout=5&application_name=y&pgbouncer=true', { host: 'db', ssl: false }],
    ['postgres://db/x?target_session_attrs=read-write', { host: 'db' }],
    ['postgres://db/x?sslmode=require&channel_binding=require', { channelBinding: 'require' }],
    ['postgres://db/x?sslmode=verify-full&sslnegotiation=direct', { sslnegotiation: 'direct' }],
  ])('understands %s', (url, expected) => {
    expect(parsePostgresUrl(url)).toMatchObject(expected);
  });

  it('gives sslmode the meaning it has in libpq', () => {
    const ssl = (query: string) => parsePostgresUrl(`postgres://db/x?${query}`).ssl;
    expect(ssl('sslmode=disable')).toBe(false);
    expect(ssl('sslmode=require')).toEqual({ rejectUnauthorized: false });
    expect(ssl('sslmode=verify-full')).toEqual({});
    expect(ssl('ssl=true')).toEqual({});
    expect(ssl('sslmode=verify-full&sslrootcert=system')).toEqual({});
    const checked: unknown = { ca: expect.any(String), checkServerIdentity: expect.any(Function) };
    expect(ssl(`sslmode=verify-ca&sslrootcert=${pem}`)).toEqual(checked);
    expect(ssl(`sslmode=require&sslrootcert=${pem}`)).toEqual(checked);
    expect(ssl(`sslmode=verify-full&sslcert=${pem}&sslkey=${pem}`)).toMatchObject({ cert: expect.any(String) });
  });

  it.each([
    ['mysql://db/hush', 'starting with postgres://'],
    ['postgres://u:hu%sh@db/x', 'two hex digits'],
    ['postgres://u:hush%ff@db/x', 'UTF-8'],
    ['postgres://u:hu#sh@db/x', 'percent-encode'],
    ['postgres://u:hu/sh@db/x', 'percent-encode'],
    ['postgres://u:hush@a:5432,b:5432/x', 'one host'],
    ['postgres:///x?host=a,b', 'one host'],
    ['postgres://db/x?sslmode=prefer', 'plain text'],
    ['postgres://db/x?sslmode=hush', 'sslmode disable'],
    ['postgres://db/x?sslmode=verify-ca', 'sslrootcert'],
    ['postgres://db/x?sslmode=verify-full&sslrootcert=/hush', 'readable file'],
    ['postgres://db/x?sslmode=verify-full&sslcert=/hush', 'together'],
    ['postgres://db/x?target_session_attrs=standby', 'primary'],
    ['postgres://db/x?channel_binding=require', 'TLS'],
    ['postgres://db/x?sslcrl=hush', 'does not know: sslcrl'],
  ])('refuses %s, without repeating a value', (url, expected) => {
    const text = fault(url);
    expect(text).toContain(expected);
    expect(text).toMatch(/^must /);
    expect(text).not.toContain('hush');
  });

  it('refuses a file that is not PEM', () => {
    const file = join(directory, 'file.txt');
    expect(fault(`postgres://db/x?sslmode=verify-full&sslrootcert=${file}`)).toContain('PEM');
  });
});
