import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const newKey = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

describe('a key ring in a file', () => {
  const [first, second] = [newKey('k1'), newKey('k2')];
  let directory: string;
  let file: string;
  let testApp: TestApp;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'watchtogether-ring-'));
    file = join(directory, 'ring');
    writeFileSync(file, first);
    const env = { TOKEN_ENCRYPTION_KEYS: '', TOKEN_ENCRYPTION_KEYS_FILE: file };
    testApp = await TestApp.open({ env });
  });
  afterAll(async () => {
    await testApp.end();
    rmSync(directory, { recursive: true, force: true });
  });

  async function write(ring: string, expected: string, times: number): Promise<void> {
    writeFileSync(file, ring);
    // By the gateway and by the worker.
    await eventually(() => {
      expect(testApp.log.filter(({ msg }) => msg.includes(expected))).toHaveLength(times);
    });
  }

  it('is rotated without a restart, and earlier tokens stay readable', async () => {
    const before = await testApp.client.openRoom('before', { wait: 10 });
    await write(`${first},${second}`, 'key ring reloaded from its file: k1 seals, k1, k2 open', 2);
    await write(`${second},${first}`, 'key ring reloaded from its file: k2 seals, k2, k1 open', 2);
    const after = await testApp.client.openRoom('after', { wait: 10 });
    const keys = await testApp.database.rows('SELECT key_id FROM session_tokens ORDER BY key_id');
    expect(keys).toEqual([{ key_id: 'k1' }, { key_id: 'k2' }]);
    for (const { body } of [before, after]) {
      expect((await testApp.client.read(body.id)).body.tokens).toEqual(body.tokens);
    }
  });

  it.each([
    ['empty', '', 'TOKEN_ENCRYPTION_KEYS must be'],
    ['malformed', 'k2:hush', 'TOKEN_ENCRYPTION_KEYS must be'],
    ['other bytes for a known id', newKey('k2'), 'other bytes than before for key k2'],
  ])('is not taken over if wrong, and the previous one serves on: %s', async (name, ring, reason) => {
    const count = testApp.log.filter(({ msg }) => msg.includes(reason)).length;
    await write(ring, reason, count + 2);
    const opened = await testApp.client.openRoom(`during ${name}`, { wait: 10 });
    expect(opened.body.tokens?.stream).toBeDefined();
    expect(JSON.stringify(testApp.log)).not.toContain('hush');
  });

  it('may lose a key by mistake without making a token unreadable', async () => {
    const opened = await testApp.client.openRoom('kept', { wait: 10 });
    await write(newKey('k3'), 'key ring reloaded from its file: k3 seals, k3 open', 2);
    expect((await testApp.client.read(opened.body.id)).body.tokens).toEqual(opened.body.tokens);
  });
});

describe('a gateway whose key has other bytes than the key that sealed', () => {
  it('answers 503, counts it, and says so once', async () => {
    const testApp = await TestApp.open({ env: { TOKEN_ENCRYPTION_KEYS: newKey('k1') } });
    try {
      const { body } = await testApp.client.openRoom('sealed elsewhere', { wait: 10 });
      const { client, app } = await testApp.startGateway({ TOKEN_ENCRYPTION_KEYS: newKey('k1') });
      for (let n = 0; n < 3; n++) {
        expect(await client.read(body.id)).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      }
      const said = testApp.log.filter(({ msg }) => msg.startsWith('tokens cannot be opened: key k1 of this process'));
      expect(said).toHaveLength(1);
      const { Metrics } = await import('@app/observability');
      expect(await app.get(Metrics).registry.getSingleMetricAsString('broken_seals_total')).toContain(
        'broken_seals_total 3',
      );
    } finally {
      await testApp.end();
    }
  });
});
