import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { casEndpoints, type SettingsService } from '@app/config';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { CasEndpoints } from './cas-endpoints.js';

const EU = { name: 'eu', url: 'https://eu.cas.example', key: 'key-1', secret: 'secret-1' };
const US = { name: 'us', url: 'https://us.cas.example', key: 'key-2', secret: 'secret-2' };

describe('a file of CAS endpoints', () => {
  let directory: string;
  let file: string;
  let logged: string[];
  let sut: CasEndpoints;
  const write = (list: unknown) => {
    writeFileSync(file, typeof list === 'string' ? list : JSON.stringify(list));
    jest.advanceTimersByTime(1000);
    sut.inOrder();
  };
  const now = () => sut.inOrder().map((one) => [one.name, one.keyPair().apiKey, one.isRotating()]);

  beforeEach(() => {
    jest.useFakeTimers();
    directory = mkdtempSync(join(tmpdir(), 'cas-endpoints-'));
    file = join(directory, 'endpoints');
    logged = [];
    for (const level of ['warn', 'error'] as const)
      jest.spyOn(Logger.prototype, level).mockImplementation((text: unknown) => void logged.push(String(text)));
    writeFileSync(file, JSON.stringify([EU]));
    const settings = { endpoints: casEndpoints.parse(JSON.stringify([EU])), endpointsFile: file, allowHttp: false };
    sut = new CasEndpoints({ get: () => settings } as unknown as SettingsService<'cas'>);
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
    rmSync(directory, { recursive: true });
  });

  it('is read again when it changes: endpoints come, go and change places', () => {
    expect(now()).toEqual([['eu', 'key-1', false]]);
    write([US, EU]);
    expect(now()).toEqual([
      ['us', 'key-2', true],
      ['eu', 'key-1', false],
    ]);
    write([US]);
    expect(now()).toMatchObject([['us', 'key-2', true]]);
    expect(logged.at(-1)).toBe('CAS endpoints reloaded from their file: us');
    expect(logged.join()).not.toMatch(/key-|secret-/);
  });

  it('makes a rejection inconclusive for a minute after the credentials have changed', () => {
    write([{ ...EU, secret: 'secret-3' }]);
    expect(now()).toEqual([['eu', 'key-1', true]]);
    jest.advanceTimersByTime(61_000);
    expect(now()).toEqual([['eu', 'key-1', false]]);
  });

  it.each<[string, unknown, string]>([
    ['half written', '[{"name":"eu","ur', 'must be a JSON list'],
    ['not https', [{ ...US, url: 'http://us.cas.example' }], 'us must be https'],
  ])('that is %s changes nothing, and the log says so once', (_name, text, reason) => {
    write(text);
    jest.advanceTimersByTime(1000);
    expect(now()).toEqual([['eu', 'key-1', false]]);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain(reason);
    write([US]);
    expect(now()).toMatchObject([['us', 'key-2', true]]);
  });
});
