import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { CasCredentials } from './cas-credentials.js';

const STARTED = { apiKey: 'key-1', apiSecret: 'secret-1' };

let directory: string;
let keyFile: string;
let secretFile: string;
let warned: string[];

beforeEach(() => {
  jest.useFakeTimers();
  directory = mkdtempSync(join(tmpdir(), 'cas-credentials-'));
  keyFile = join(directory, 'key');
  secretFile = join(directory, 'secret');
  writeFileSync(keyFile, 'key-1\n');
  writeFileSync(secretFile, 'secret-1\n');
  warned = [];
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((text: unknown) => void warned.push(String(text)));
});

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  rmSync(directory, { recursive: true });
});

function credentials(files: object = { apiKeyFile: keyFile, apiSecretFile: secretFile }): CasCredentials {
  return new CasCredentials({ apiKeyFile: undefined, apiSecretFile: undefined, ...STARTED, ...files });
}

/** The credentials in use after this many seconds, with one call per second. */
function after(sut: CasCredentials, seconds: number) {
  for (let s = 0; s < seconds; s++) {
    jest.advanceTimersByTime(1000);
    sut.current();
  }
  return sut.current();
}

describe('CAS credentials', () => {
  it('do not change if they were not read from files', () => {
    const sut = credentials({});
    expect(after(sut, 5)).toEqual(STARTED);
    expect(sut.isRotating()).toBe(false);
  });

  it('are reloaded together once the files are unchanged for a second', () => {
    const sut = credentials();
    expect(sut.current()).toEqual(STARTED);
    writeFileSync(keyFile, 'key-2');
    expect(after(sut, 1)).toEqual(STARTED);
    writeFileSync(secretFile, 'secret-2');
    expect(after(sut, 1)).toEqual(STARTED);
    expect(after(sut, 1)).toEqual({ apiKey: 'key-2', apiSecret: 'secret-2' });
    expect(warned).toEqual(['CAS credentials reloaded from their files; the next call uses them']);
  });

  it('are checked at most once a second', () => {
    const sut = credentials();
    after(sut, 3);
    writeFileSync(keyFile, 'key-2');
    writeFileSync(secretFile, 'secret-2');
    for (let ms = 0; ms < 900; ms += 100) {
      jest.advanceTimersByTime(100);
      expect(sut.current()).toEqual(STARTED);
    }
    expect(sut.isRotating()).toBe(true);
  });

  it('are reloaded when a symbolic link changes, as with mounted Kubernetes secrets', () => {
    const version = (name: string, key: string, secret: string) => {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, 'key'), key);
      writeFileSync(join(directory, name, 'secret'), secret);
    };
    version('..1', 'key-1', 'secret-1');
    symlinkSync('..1', join(directory, '..data'));
    const sut = credentials({
      apiKeyFile: join(directory, '..data', 'key'),
      apiSecretFile: join(directory, '..data', 'secret'),
    });
    sut.current();
    version('..2', 'key-2', 'secret-2');
    symlinkSync('..2', join(directory, '..new'));
    renameSync(join(directory, '..new'), join(directory, '..data'));
    expect(after(sut, 3)).toEqual({ apiKey: 'key-2', apiSecret: 'secret-2' });
  });

  it('are kept while a file is missing, empty or not valid in a header, with one warning', () => {
    const sut = credentials();
    sut.current();
    rmSync(secretFile);
    expect(after(sut, 5)).toEqual(STARTED);
    for (const useless of ['\n', 'geheim-\u00fc', 'two\nlines']) {
      writeFileSync(secretFile, useless);
      expect(after(sut, 5)).toEqual(STARTED);
    }
    expect(warned).toEqual([
      'CAS credentials not reloaded: a file is missing, empty or not valid in a header; still using the previous ones',
    ]);
    writeFileSync(secretFile, 'secret-2');
    expect(after(sut, 3)).toEqual({ apiKey: 'key-1', apiSecret: 'secret-2' });
  });

  it('that changed before the first call are used in that call', () => {
    writeFileSync(keyFile, 'key-2');
    const sut = credentials();
    expect(sut.current()).toEqual({ apiKey: 'key-2', apiSecret: 'secret-1' });
    expect(sut.isRotating()).toBe(true);
  });

  it('count as rotating for a minute after a change only', () => {
    const sut = credentials();
    after(sut, 120);
    expect(sut.isRotating()).toBe(false);
    writeFileSync(keyFile, 'key-2');
    expect(sut.isRotating()).toBe(true);
    after(sut, 50);
    expect(sut.isRotating()).toBe(true);
    after(sut, 60);
    expect(sut.isRotating()).toBe(false);
  });

  it('can be read from one file and one variable', () => {
    const sut = credentials({ apiSecretFile: secretFile });
    sut.current();
    writeFileSync(secretFile, 'secret-2');
    expect(after(sut, 3)).toEqual({ apiKey: 'key-1', apiSecret: 'secret-2' });
  });
});
