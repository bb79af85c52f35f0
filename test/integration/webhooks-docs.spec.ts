import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { eventually } from '../support/eventually.js';
import { snippet } from '../support/snippets.js';
import { TestApp } from '../support/test-app.js';
import { deliveriesOf, SESSION_TYPES } from '../support/webhooks.js';

describe('the receiver of docs/webhooks.md, as a process', () => {
  let testApp: TestApp;
  let directory: string;
  let receiver: ChildProcess | undefined;
  const printed: string[] = [];
  beforeAll(async () => {
    testApp = await TestApp.open({ env: { WEBHOOK_ALLOW: '127.0.0.1' } });
    directory = mkdtempSync(join(tmpdir(), 'watchtogether-receiver-'));
    symlinkSync(join(process.cwd(), 'node_modules'), join(directory, 'node_modules'));
    writeFileSync(join(directory, 'receiver.mjs'), snippet('docs/webhooks.md', 'receiver'));
  });
  afterAll(async () => {
    receiver?.kill('SIGKILL');
    await testApp.end();
    rmSync(directory, { recursive: true, force: true });
  });

  function start(port: number, secret: string): void {
    receiver = spawn(process.execPath, [join(directory, 'receiver.mjs')], {
      env: { PORT: String(port), SECRET: secret },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    receiver.stdout?.on('data', (text: Buffer) => printed.push(...text.toString().trim().split('\n')));
  }

  it('prints each event, and refuses one that its secret did not sign', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const body = { url, types: SESSION_TYPES };
    const { id, secret } = (await testApp.client.send<{ id: string; secret: string }>('POST', '/v1/webhooks', { body }))
      .body;
    start(port, secret);
    await eventually(async () => {
      expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(400);
    });
    const session = (await testApp.client.openRoom('derby', { wait: 10 })).body;
    await testApp.client.close(session.id);
    const line = (type: string, version: number) => `${type} ${session.id} derby ${session.generation} ${version}`;
    await eventually(() => {
      expect([...printed].sort()).toEqual([line('session.closed', 3), line('session.ready', 2)]);
    });
    expect(await deliveriesOf(testApp.client, id)).toMatchObject([{ status: 'delivered' }, { status: 'delivered' }]);
  });
});
