import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_KEY } from '@app/kernel';
import { runCommand } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

let testApp: TestApp;
beforeAll(async () => {
  testApp = await TestApp.open({ worker: false });
  await testApp.startGateway();
});
afterAll(() => testApp.end());

async function cli(...args: string[]) {
  const { code, text, lines } = await runCommand(args, { DATABASE_URL: testApp.database.url });
  return { code, text, key: lines.find((line) => API_KEY.test(line)) ?? '' };
}
const idOf = (key: string) => key.split('_')[1] ?? '';
const everywhere = (key: string) =>
  Promise.all(testApp.gateways.map(async ({ url }) => (await testApp.newClient(url, key).openRoom('derby')).status));

describe('the operator’s keys', () => {
  it('are made with scopes, shown once on a line of their own, and kept as a hash', async () => {
    const { code, key } = await cli(
      'keys',
      'create',
      '--name',
      'backend',
      '--scopes',
      'rooms:open,tokens:read',
      '--rate',
      '50',
    );
    expect(code).toBe(0);
    expect(await everywhere(key)).toEqual([202, 202]);
    expect((await testApp.newClient(testApp.url, key).create()).status).toBe(403);
    const [row] = await testApp.database.rows('SELECT * FROM api_keys WHERE id = $1', [idOf(key)]);
    expect(row).toMatchObject({ name: 'backend', rate_per_s: 50, expires_at: null });
    expect(JSON.stringify(row)).not.toContain(key.split('_')[2]);
    const listed = await cli('keys', 'list');
    expect(listed.text).toMatch(new RegExp(`${idOf(key)} +backend +active +rooms:open,tokens:read +50/s`));
    expect(listed.text).not.toContain(key);
  });

  it('end when their time is over, and say when they were last used', async () => {
    const { text } = await cli(
      'keys',
      'create',
      '--name',
      'short',
      '--scopes',
      'rooms:open',
      '--expires',
      '1s',
      '--json',
    );
    const { key } = JSON.parse(/\{.*\}/.exec(text)?.[0] ?? '{}') as { key: string };
    await testApp.newClient(testApp.url, key).openRoom('derby');
    await eventually(async () => {
      expect(await everywhere(key)).toEqual([401, 401]);
    }, 10_000);
    await eventually(async () => {
      expect(
        await testApp.database.rows('SELECT 1 FROM api_keys WHERE last_used_at IS NOT NULL AND name = $1', ['backend']),
      ).toHaveLength(1);
    }, 15_000);
  });

  it('are rotated with an overlap: both work, then only the new one', async () => {
    const old = await cli('keys', 'create', '--name', 'turning', '--scopes', 'rooms:open');
    const next = await cli('keys', 'rotate', idOf(old.key), '--overlap', '2s');
    expect(next.code).toBe(0);
    expect(next.key).not.toBe(old.key);
    expect(await everywhere(next.key)).toEqual([202, 202]);
    await eventually(async () => {
      expect(await everywhere(old.key)).toEqual([401, 401]);
    }, 15_000);
    expect(await everywhere(next.key)).toEqual([202, 202]);
    expect((await cli('keys', 'rotate', idOf(old.key))).code).toBe(1);
  });

  it('are dead on every gateway within 5 s after they were revoked', async () => {
    const { key } = await cli('keys', 'create', '--name', 'lost', '--scopes', 'rooms:open');
    expect(await everywhere(key)).toEqual([202, 202]);
    expect((await cli('keys', 'revoke', idOf(key))).code).toBe(0);
    await eventually(async () => {
      expect(await everywhere(key)).toEqual([401, 401]);
    }, 5000);
    expect((await cli('keys', 'revoke', idOf(key))).code).toBe(0);
  }, 30_000);

  it('of the bootstrap stay revoked after a restart', async () => {
    expect((await cli('keys', 'revoke', idOf(testApp.apiKey))).code).toBe(0);
    const restarted = await testApp.startGateway();
    expect((await testApp.newClient(restarted.url, testApp.apiKey).openRoom('derby')).status).toBe(401);
  });

  it.each([
    [['keys', 'create', '--name', 'x'], 2, 'scopes'],
    [['keys', 'create', '--name', 'x', '--scopes', 'root'], 2, 'must be a comma-separated list of'],
    [['keys', 'create', '--name', '', '--scopes', 'admin'], 2, '1 to 64'],
    [['keys', 'create', '--name', 'x', '--scopes', 'admin', '--expires', 'soon'], 2, 'a duration'],
    [['keys', 'create', '--name', 'x', '--scopes', 'admin', '--rate', '0'], 2, 'whole number'],
    [['keys', 'rotate', 'nobody1'], 1, 'No usable API key nobody1'],
    [['keys', 'revoke', 'nobody1'], 1, 'No API key nobody1'],
    [['keys'], 2, 'create'],
  ])('refuse %j with %i', async (args, wanted, words) => {
    const before = await testApp.database.rows('SELECT * FROM api_keys');
    const { code, text } = await cli(...args);
    expect([code, text]).toEqual([wanted, expect.stringContaining(words)]);
    expect(await testApp.database.rows('SELECT * FROM api_keys')).toEqual(before);
  });

  it('do not repeat a whole key that was given where its id is asked for', async () => {
    const { code, text } = await cli('keys', 'revoke', testApp.apiKey);
    expect(code).toBe(1);
    expect(text).not.toContain(testApp.apiKey.split('_')[2]);
  });
});
