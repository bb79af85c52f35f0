import { randomBytes } from 'node:crypto';
import { KeyRing } from '@app/sealing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { isSignedBy, WebhookReceiver } from '../support/webhook-receiver.js';

const SECRET = /whsec_[A-Za-z0-9+/]{43}=/;
const ID = /whe_[0-9A-Za-z]{22}/;

let testApp: TestApp;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await WebhookReceiver.start();
  testApp = await TestApp.open({ env: { WEBHOOK_ALLOW: '127.0.0.1' } });
});
afterEach(async () => {
  await testApp.database.rows('DELETE FROM webhook_endpoints');
});
afterAll(async () => {
  await testApp.end();
  await receiver.close();
});

const cli = (args: string[], ring = testApp.sealingKeys) =>
  runCommand(args, {
    DATABASE_URL: testApp.database.url,
    TOKEN_ENCRYPTION_KEYS: ring,
    WEBHOOK_ALLOW: '127.0.0.1',
  });

async function create(...more: string[]): Promise<{ id: string; secret: string }> {
  const { code, text } = await cli([
    ...['webhooks', 'create', '--url', receiver.url(), '--types', 'session.ready,session.closed', '--json'],
    ...more,
  ]);
  expect(code).toBe(0);
  return JSON.parse(text) as { id: string; secret: string };
}

describe('the operator’s commands for webhooks', () => {
  it('create one, whose secret is printed once and signs, and show what was sent with every attempt', async () => {
    const made = await cli(['webhooks', 'create', '--url', receiver.url(), '--types', 'session.ready']);
    expect([made.code, made.lines.at(-1)]).toEqual([0, expect.stringMatching(SECRET)]);
    const id = ID.exec(made.text)?.[0] ?? '';
    receiver.next({ kind: 'status', status: 503, text: 'later\u001b[2J' });
    const { text: pinged } = await cli(['webhooks', 'ping', id]);
    const delivery = /msg_\w{32}/.exec(pinged)?.[0] ?? '';
    await eventually(async () => {
      expect((await cli(['webhooks', 'deliveries', id])).text).toContain('503 later\\u{1b}[2J');
    });
    expect(isSignedBy(made.lines.at(-1) ?? '', receiver.received[0]!)).toBe(true);

    expect((await cli(['webhooks', 'replay', id, delivery])).text).toBe('1 delivery is sent again.');
    await eventually(async () => {
      expect((await cli(['webhooks', 'deliveries', id, '--status', 'delivered'])).text).toContain(delivery);
    });
    expect(receiver.received.map((one) => one.id)).toEqual([delivery, delivery]);
    const replayed = await cli(['webhooks', 'replay', id, '--since', '2026-01-01', '--all']);
    expect(replayed.text).toBe('1 deliveries are sent again.');
    expect(
      await testApp.database.rows(
        `SELECT actor, session_id AS about, count FROM audit_entries WHERE action = 'replay-webhook' ORDER BY at`,
      ),
    ).toEqual([
      { actor: 'cli', about: delivery, count: 1 },
      { actor: 'cli', about: id, count: 1 },
    ]);
    for (const args of [['list'], ['list', '--json'], ['deliveries', id, '--json']]) {
      const { code, text } = await cli(['webhooks', ...args]);
      expect([code, SECRET.test(text)]).toEqual([0, false]);
    }
  });

  it('change, disable, enable and delete one', async () => {
    const { id } = await create('--room-prefix', 'match-', '--metadata');
    const state = async () =>
      (
        await testApp.database.rows(
          'SELECT types, room_prefix, include_metadata, disabled_reason FROM webhook_endpoints',
        )
      )[0];
    expect(await state()).toMatchObject({ room_prefix: 'match-', include_metadata: true, disabled_reason: null });
    expect((await cli(['webhooks', 'update', id, '--room-prefix', '', '--no-metadata'])).code).toBe(0);
    expect(await state()).toMatchObject({
      ...{ types: ['session.ready', 'session.closed'], room_prefix: null, include_metadata: false },
    });
    expect((await cli(['webhooks', 'disable', id])).text).toContain('is disabled (owner)');
    expect((await cli(['webhooks', 'ping', id])).code).toBe(1);
    expect((await cli(['webhooks', 'enable', id])).text).toContain('is enabled');
    expect((await cli(['webhooks', 'delete', id])).code).toBe(0);
    expect((await cli(['webhooks', 'delete', id])).text).toContain('not found');
  });

  it('replace a secret once within 24 hours, and again if forced', async () => {
    const { id, secret } = await create();
    const first = await cli(['webhooks', 'rotate-secret', id]);
    expect([first.code, first.lines.at(-1)]).toEqual([0, expect.stringMatching(SECRET)]);
    expect(first.lines.at(-1)).not.toBe(secret);
    const second = await cli(['webhooks', 'rotate-secret', id]);
    expect([second.code, SECRET.test(second.text)]).toEqual([1, false]);
    expect((await cli(['webhooks', 'rotate-secret', id, '--force'])).code).toBe(0);
  });

  it.each([
    [['create', '--url', 'https://10.0.0.1/', '--types', 'session.ready'], 1],
    [['create', '--url', 'http://hooks.example.com/', '--types', 'session.ready'], 1],
    [['create', '--url', 'https://user:hush-hush@hooks.example.com/', '--types', 'session.ready'], 1],
    [['create', '--url', 'https://hooks.example.com/', '--types', 'session.lost'], 2],
    [['create', '--url', 'https://hooks.example.com/#x', '--types', 'session.ready'], 1],
    [['create', '--url', `https://hooks.example.com/${'x'.repeat(2048)}`, '--types', 'session.ready'], 1],
    [['create', '--url', 'https://hooks.example.com/', '--types', 'session.ready', '--room-prefix', 'a/b'], 2],
    [
      ['create', '--url', 'https://hooks.example.com/', '--types', 'session.ready', '--description', 'x'.repeat(201)],
      2,
    ],
    [['create', '--types', 'session.ready'], 2],
    [['delete', 'whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I='], 1],
    [['replay', `whe_${'x'.repeat(22)}`], 2],
    [['deliveries', `whe_${'x'.repeat(22)}`], 1],
  ])('refuse %j', async (args, code) => {
    const result = await cli(['webhooks', ...args]);
    expect([result.code, /hush-hush|whsec_c2/.test(result.text)]).toEqual([code, false]);
    expect(await testApp.database.rows('SELECT 1 FROM webhook_endpoints')).toEqual([]);
  });

  it('and reseal seals secrets with the first key too, after which the old key can go', async () => {
    const { id, secret } = await create();
    const rotated = (await cli(['webhooks', 'rotate-secret', id])).lines.at(-1);
    const ring = `k2:${randomBytes(32).toString('base64')},${testApp.sealingKeys}`;
    const { code, text } = await cli(['reseal'], ring);
    expect([code, text]).toEqual([0, expect.stringContaining('2 webhook secrets resealed with key k2.')]);
    expect(text).toContain('No tokens are sealed with k1: safe to remove from the ring.');
    const [row] = await testApp.database.rows<Record<string, string>>(
      'SELECT secret_sealed, secret_key_id, previous_sealed, previous_key_id FROM webhook_endpoints',
    );
    expect([row?.secret_key_id, row?.previous_key_id]).toEqual(['k2', 'k2']);
    const [k2 = ''] = ring.split(',');
    const opened = new KeyRing([{ id: 'k2', key: Buffer.from(k2.slice(3), 'base64') }]);
    const open = (sealed = '') => opened.open(sealed, { webhookId: id });
    expect([open(row?.secret_sealed), open(row?.previous_sealed)]).toEqual([rotated, secret]);
    expect(() => opened.open(row?.secret_sealed ?? '', { webhookId: `whe_${'x'.repeat(22)}` })).toThrow();
  });
});
