import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { House } from '../support/in-process.js';

describe('CAS credentials in files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cas-credentials-'));
  const put = (name: string, text: string) => {
    writeFileSync(join(directory, name), `${text}\n`);
  };
  let house: House;
  beforeAll(async () => {
    put('key', 'key-of-yesterday');
    put('secret', 'secret-of-yesterday');
    house = await House.open({ worker: false });
    await house.startWorker({
      CAS_API_KEY: '',
      CAS_API_SECRET: '',
      CAS_API_KEY_FILE: join(directory, 'key'),
      CAS_API_SECRET_FILE: join(directory, 'secret'),
    });
  });
  afterAll(async () => {
    await house.end();
    rmSync(directory, { recursive: true });
  });

  it('are replaced one after the other, and no session fails of the half new pair', async () => {
    const refused = await house.client.openRoom('refused', { wait: 10 });
    expect(refused.body.failure).toMatchObject({ code: 'cas-credentials-rejected' });

    put('key', house.cas.apiKey);
    const { body: waiting } = await house.client.openRoom('waiting');
    await eventually(async () => {
      expect((await house.cas.summary()).total.calls).toBeGreaterThan(2);
    });
    expect((await house.client.read(waiting.id)).body.status).toBe('pending');

    put('secret', house.cas.apiSecret);
    const settled = await house.client.read(waiting.id, { wait: 30 });
    expect(settled.body.status).toBe('ready');
    expect((await house.client.retry(refused.body.id)).status).toBe(202);
    expect((await house.client.read(refused.body.id, { wait: 30 })).body.status).toBe('ready');
    expect(JSON.stringify(house.log)).not.toMatch(/of-yesterday/);
    expect(JSON.stringify(house.log)).not.toContain(house.cas.apiSecret);
  }, 60_000);

  it('that are gone for a moment are missed by nobody', async () => {
    rmSync(join(directory, 'secret'));
    const { status } = await house.client.openRoom('meanwhile', { wait: 10 });
    expect(status).toBe(201);
    put('secret', house.cas.apiSecret);
    expect((await house.client.openRoom('afterwards', { wait: 10 })).status).toBe(201);
  });
});
