import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/test-app.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { createWebhook, type CreatedWebhook } from '../support/webhooks.js';

interface Problem {
  code: string;
  errors?: { pointer?: string; parameter?: string }[];
}

const URL_OK = 'https://hooks.example.com/';
const TYPES = ['session.ready'];
const good = { url: URL_OK, types: TYPES };

let testApp: TestApp;
let receiver: WebhookReceiver;
let webhook: CreatedWebhook;
beforeAll(async () => {
  receiver = await WebhookReceiver.start();
  testApp = await TestApp.open({ worker: false, env: { WEBHOOK_ALLOW: '127.0.0.1, hooks.internal' } });
  webhook = await createWebhook(testApp.client, receiver);
});
afterAll(async () => {
  await testApp.end();
  await receiver.close();
});

const stored = () => testApp.database.rows('SELECT * FROM webhook_endpoints ORDER BY id');

const BAD: [string, unknown, string[]][] = [
  ['no body', undefined, ['#']],
  ['a list', [], ['#']],
  ['nothing', {}, ['#/url', '#/types']],
  ['an unknown field', { ...good, secret: 'whsec_mine' }, ['#/secret']],
  ...(
    [
      ['no text', 5],
      ['no URL', 'hooks'],
      ['another scheme', 'ftp://hooks.example.com/'],
      ['a script', 'javascript:alert(1)'],
      ['plain http', 'http://hooks.example.com/'],
      ['credentials', 'https://user:hush@hooks.example.com/'],
      ['a fragment', 'https://hooks.example.com/#x'],
      ['too long a text', `https://hooks.example.com/${'x'.repeat(2048)}`],
      ['too long a text when encoded', `https://hooks.example.com/${'é'.repeat(1000)}`],
      ['a private address', 'https://10.0.0.1/'],
      ['the metadata service', 'https://169.254.169.254/latest/'],
      ['an address as a number', 'https://2130706434/'],
      ['an IPv4-mapped address', 'https://[::ffff:127.0.0.1]/'],
      ['a NAT64 address', 'https://[64:ff9b::7f00:1]/'],
    ] as const
  ).map(([what, url]): [string, unknown, string[]] => [`as its URL ${what}`, { ...good, url }, ['#/url']]),
  ['no types', { ...good, types: [] }, ['#/types']],
  ['a type twice', { ...good, types: ['session.ready', 'session.ready'] }, ['#/types']],
  ['an unknown type', { ...good, types: ['session.ready', 'session.lost'] }, ['#/types/1']],
  ['types as text', { ...good, types: 'session.ready' }, ['#/types']],
  ['a prefix no room can have', { ...good, roomPrefix: 'a/b' }, ['#/roomPrefix']],
  ['too long a prefix', { ...good, roomPrefix: 'x'.repeat(129) }, ['#/roomPrefix']],
  ['an empty prefix', { ...good, roomPrefix: '' }, ['#/roomPrefix']],
  ['a description that cannot be stored', { ...good, description: 'a\u0000b' }, ['#/description']],
  ['a lone surrogate', { ...good, description: '\ud800' }, ['#/description']],
  ['too long a description', { ...good, description: 'x'.repeat(201) }, ['#/description']],
  ['a flag as text', { ...good, enabled: 'true' }, ['#/enabled']],
  ['another flag as a number', { ...good, includeMetadata: 1 }, ['#/includeMetadata']],
];

describe('a webhook', () => {
  it.each(BAD)('with %s is refused with the place, and nothing is stored', async (_what, body, pointers) => {
    const before = await stored();
    const reply = await testApp.client.send<Problem>('POST', '/v1/webhooks', { ...(body !== undefined && { body }) });
    expect([reply.status, reply.body.code]).toEqual([422, 'validation-failed']);
    expect(reply.body.errors?.map(({ pointer }) => pointer)).toEqual(pointers);
    expect(reply.text).not.toContain('hush');
    expect(await stored()).toEqual(before);
  });

  it.each(BAD.filter(([, body]) => typeof body === 'object' && JSON.stringify(body) !== '{}'))(
    'is not changed to one with %s',
    async (_what, body, pointers) => {
      const before = await stored();
      const reply = await testApp.client.send<Problem>('PATCH', `/v1/webhooks/${webhook.id}`, { body });
      expect([reply.status, reply.body.code]).toEqual([422, 'validation-failed']);
      expect(reply.body.errors?.map(({ pointer }) => pointer)).toEqual(pointers);
      expect(await stored()).toEqual(before);
    },
  );

  it.each([
    ['https://hooks.example.com', 'https://hooks.example.com/'],
    ['http://hooks.internal:8080/a?b', 'http://hooks.internal:8080/a?b'],
    ['http://127.1/', 'http://127.0.0.1/'],
    ['https://пример.example/', 'https://xn--e1afmkfd.example/'],
  ])('at %s is accepted', async (url, shown) => {
    const body = { url, types: TYPES, roomPrefix: 'cafe\u0301', description: null };
    const reply = await testApp.client.send<CreatedWebhook>('POST', '/v1/webhooks', { body });
    expect([reply.status, reply.body]).toMatchObject([201, { url: shown, roomPrefix: 'caf\u00e9' }]);
    expect(reply.headers.location).toBe(`/v1/webhooks/${reply.body.id}`);
    const { id } = reply.body;
    expect((await testApp.client.send('DELETE', `/v1/webhooks/${id}`)).status).toBe(204);
    expect((await testApp.client.send('DELETE', `/v1/webhooks/${id}`)).status).toBe(404);
  });

  it('beyond fifty is refused', async () => {
    const create = () => testApp.client.send<Problem>('POST', '/v1/webhooks', { body: good });
    const replies = await Promise.all(Array.from({ length: 60 }, create));
    const refused = replies.filter(({ status }) => status === 409);
    expect([refused.length, refused[0]?.body.code]).toEqual([11, 'webhook-limit-reached']);
    expect(await stored()).toHaveLength(50);
    await testApp.database.rows('DELETE FROM webhook_endpoints WHERE id <> $1', [webhook.id]);
  });
});

describe('an id', () => {
  it.each(['x', 'whe_', `whe_${'x'.repeat(22)}`, 'ses_4vX9cQm2LrT7wKz0BnYh1D', '%00', "whe_'; DROP TABLE sessions --"])(
    'of no webhook is 404: %s',
    async (id) => {
      const path = `/v1/webhooks/${encodeURIComponent(id)}`;
      const replies = [
        await testApp.client.send<Problem>('GET', path),
        await testApp.client.send<Problem>('PATCH', path, { body: {} }),
        await testApp.client.send<Problem>('DELETE', path),
        await testApp.client.send<Problem>('POST', `${path}/ping`),
        await testApp.client.send<Problem>('POST', `${path}/rotate-secret`),
        await testApp.client.send<Problem>('GET', `${path}/deliveries`),
        await testApp.client.send<Problem>('POST', `${path}/deliveries/msg_x/replay`),
        await testApp.client.send<Problem>('POST', `${path}/replay`, { body: { since: '2026-11-25T20:00:00Z' } }),
      ];
      for (const { status, body } of replies) expect([status, body.code]).toEqual([404, 'not-found']);
    },
  );

  it.each(['x', `msg_${'0'.repeat(32)}`])('of no delivery is 404: %s', async (id) => {
    const reply = await testApp.client.send<Problem>('POST', `/v1/webhooks/${webhook.id}/deliveries/${id}/replay`);
    expect([reply.status, reply.body.code]).toEqual([404, 'not-found']);
  });
});

describe('a replay', () => {
  it.each([
    [undefined, '#'],
    [{}, '#/since'],
    [{ since: 'yesterday' }, '#/since'],
    [{ since: '0000-01-01T00:00:00Z' }, '#/since'],
    [{ since: '2026-11-25T20:00:00' }, '#/since'],
    [{ since: '2026-11-25T20:00:00Z', only: 'some' }, '#/only'],
    [{ since: '2026-11-25T20:00:00Z', until: 'x' }, '#/until'],
  ])('of %j is refused', async (body, pointer) => {
    const reply = await testApp.client.send<Problem>('POST', `/v1/webhooks/${webhook.id}/replay`, {
      ...(body !== undefined && { body }),
    });
    expect([reply.status, reply.body.errors?.[0]?.pointer]).toEqual([422, pointer]);
  });

  it.each(['limit=0', 'status=lost', 'cursor=x', 'x=1'])('log with the query %s is refused', async (query) => {
    const reply = await testApp.client.send<Problem>('GET', `/v1/webhooks/${webhook.id}/deliveries?${query}`);
    expect([reply.status, reply.body.errors?.[0]?.parameter]).toEqual([422, query.split('=')[0]]);
  });
});
