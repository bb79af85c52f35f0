import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

describe('CAS credentials in files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cas-credentials-'));
  const put = (name: string, text: string) => {
    writeFileSync(join(directory, name), `${text}\n`);
  };
  let testApp: TestApp;
  beforeAll(async () => {
    put('key', 'key-of-yesterday');
    put('secret', 'secret-of-yesterday');
    testApp = await TestApp.open({ worker: false });
    await testApp.startWorker({
      CAS_API_KEY: '',
      CAS_API_SECRET: '',
      CAS_API_KEY_FILE: join(directory, 'key'),
      CAS_API_SECRET_FILE: join(directory, 'secret'),
    });
  });
  afterAll(async () => {
    await testApp.end();
    rmSync(directory, { recursive: true });
  });

  it('are replaced one after the other, and no session fails of the half new pair', async () => {
    const refused = await testApp.client.openRoom('refused', { wait: 10 });
    expect(refused.body.failure).toMatchObject({ code: 'cas-credentials-rejected' });

    put('key', testApp.cas.apiKey);
    const { body: waiting } = await testApp.client.openRoom('waiting');
    await eventually(async () => {
      expect((await testApp.cas.summary()).total.calls).toBeGreaterThan(2);
    });
    expect((await testApp.client.read(waiting.id)).body.status).toBe('pending');

    put('secret', testApp.cas.apiSecret);
    const settled = await testApp.client.read(waiting.id, { wait: 30 });
    expect(settled.body.status).toBe('ready');
    expect((await testApp.client.retry(refused.body.id)).status).toBe(202);
    expect((await testApp.client.read(refused.body.id, { wait: 30 })).body.status).toBe('ready');
    expect(JSON.stringify(testApp.log)).not.toMatch(/of-yesterday/);
    expect(JSON.stringify(testApp.log)).not.toContain(testApp.cas.apiSecret);
  }, 60_000);

  it('that are missing for a moment cause no error', async () => {
    rmSync(join(directory, 'secret'));
    const { status } = await testApp.client.openRoom('meanwhile', { wait: 10 });
    expect(status).toBe(201);
    put('secret', testApp.cas.apiSecret);
    expect((await testApp.client.openRoom('afterwards', { wait: 10 })).status).toBe(201);
  });
});
