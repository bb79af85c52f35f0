import { Metrics } from '@app/observability';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { DeliverWebhooksHandler } from '../../apps/worker/src/webhooks/deliver-webhooks.handler.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { isSignedBy, WebhookReceiver } from '../support/webhook-receiver.js';
import { createWebhook, type CreatedWebhook, deliveriesOf } from '../support/webhooks.js';

const TIMEOUT_MS = 1500;

let testApp: TestApp;
let worker: INestApplicationContext;
let receiver: WebhookReceiver;

beforeAll(async () => {
  const env = { WEBHOOK_ALLOW: '127.0.0.0/8, localhost', WEBHOOK_TIMEOUT_MS: String(TIMEOUT_MS) };
  testApp = await TestApp.open({ worker: false, env });
  worker = await testApp.startWorker();
});
beforeEach(async () => {
  receiver = await WebhookReceiver.start();
});
afterEach(async () => {
  await testApp.cas.clearFaults();
  await testApp.database.rows('DELETE FROM webhook_endpoints');
  await receiver.close();
});
afterAll(() => testApp.end());

const ready = async (room: string) => (await testApp.client.openRoom(room, { wait: 10 })).body;

/** As if the schedule had come that far. */
const dueNow = (webhook: CreatedWebhook) =>
  testApp.database.rows(`UPDATE webhook_deliveries SET due_at = now() WHERE endpoint_id = $1`, [webhook.id]);

const read = async (webhook: CreatedWebhook) =>
  (await testApp.client.send<CreatedWebhook>('GET', `/v1/webhooks/${webhook.id}`)).body;

async function received(count: number): Promise<void> {
  await eventually(() => {
    expect(receiver.received).toHaveLength(count);
  });
}

/** Waits until the newest delivery has this many attempts on record. */
async function attempted(webhook: CreatedWebhook, count: number) {
  return eventually(async () => {
    const [delivery] = await deliveriesOf(testApp.client, webhook.id);
    if (delivery === undefined) throw new Error('there is no delivery');
    expect(delivery.attempts).toHaveLength(count);
    return delivery;
  });
}

async function metric(name: string): Promise<number> {
  const text = await worker.get(Metrics, { strict: false }).registry.metrics();
  return Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (.+)$`, 'm').exec(text)?.[1]);
}

describe('an event', () => {
  it('of a session that became ready is signed, thin, and holds no token and no caller', async () => {
    const { secret } = await createWebhook(testApp.client, receiver);
    const session = await ready('derby');
    await received(1);
    const [event] = receiver.received;
    if (event === undefined) throw new Error('nothing was received');
    expect(isSignedBy(secret, event)).toBe(true);
    expect(event.headers['content-type']).toBe('application/json');
    expect(event.id).toMatch(/^msg_[0-9a-z]{32}$/);
    const { readyAt, createdAt, expiresAt } = session;
    expect(event.body).toEqual({
      type: 'session.ready',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      data: {
        ...{ id: session.id, room: 'derby', generation: session.generation, version: session.version, status: 'ready' },
        ...{ createdAt, readyAt, expiresAt, endedAt: null, failureCode: null },
      },
    });
    expect(event.text).not.toMatch(/eyJ|key:/);
  });

  it('carries the metadata of its session only to endpoints that ask for it', async () => {
    await createWebhook(testApp.client, receiver, { includeMetadata: true, description: null });
    await createWebhook(testApp.client, receiver);
    await testApp.client.openRoom('with metadata', { body: { metadata: { b: 1, a: [2] } } });
    await received(2);
    const metadata = receiver.received.map(({ body }) => body.data.metadata).sort();
    expect(metadata).toEqual([{ b: 1, a: [2] }, undefined]);
  });

  it.each([
    ['session.closed', async (id: string) => testApp.client.close(id)],
    [
      'session.expired',
      async (id: string) => testApp.database.rows(`UPDATE sessions SET expires_at = now() WHERE id = $1`, [id]),
    ],
    [
      'session.expiring',
      async (id: string) =>
        testApp.database.rows(`UPDATE sessions SET expires_at = now() + interval '9 min' WHERE id = $1`, [id]),
    ],
  ])('is written when the state changes: %s', async (type, change) => {
    await createWebhook(testApp.client, receiver);
    const { id, version } = await ready(type);
    // Long enough ago that it lives longer than the notice.
    await testApp.database.rows(`UPDATE sessions SET ready_at = now() - interval '1 hour' WHERE id = $1`, [id]);
    await change(id);
    await eventually(() => {
      expect(receiver.of(type)).toHaveLength(1);
    });
    const [event] = receiver.of(type);
    const status = type === 'session.expiring' ? 'ready' : type.replace('session.', '');
    expect(event?.body.data).toMatchObject({ id, status, version: version + 1 });
    // In no particular order.
    expect(receiver.received.map(({ body }) => body.type).sort()).toEqual(['session.ready', type].sort());
  });

  it.each([
    ['CAS refuses it', 'cas-rejected', () => testApp.cas.fault({ kind: 'status', status: 400 })],
    ['its deadline passes', 'cas-unavailable', () => testApp.cas.fault({ kind: 'status', status: 503 })],
  ])('is written when a session fails since %s, and once more when it fails again', async (_why, code, fault) => {
    await createWebhook(testApp.client, receiver);
    await fault();
    const { id } = (await testApp.client.openRoom(`fails ${code}`)).body;
    const fail = async (times: number) => {
      await eventually(async () => {
        await testApp.database.rows(
          `UPDATE sessions SET deadline_at = now() WHERE id = $1 AND status = 'pending' AND failure_code IS NOT NULL`,
          [id],
        );
        expect(receiver.of('session.failed')).toHaveLength(times);
      });
    };
    await fail(1);
    await testApp.client.retry(id);
    await fail(2);
    expect(receiver.received.map(({ body }) => body.data.failureCode)).toEqual([code, code]);
    expect(new Set(receiver.received.map((one) => one.id)).size).toBe(2);
  });

  it('goes to the endpoints of its type and room alone, and not to disabled ones', async () => {
    await createWebhook(testApp.client, receiver, {
      types: ['session.ready'],
      roomPrefix: 'match-',
      url: receiver.url('/match'),
    });
    await createWebhook(testApp.client, receiver, { types: ['session.closed'], url: receiver.url('/closed') });
    await createWebhook(testApp.client, receiver, { enabled: false, url: receiver.url('/disabled') });
    const ids = [await ready('match-1'), await ready('other')].map(({ id }) => id);
    await testApp.client.create({ wait: 10 });
    for (const id of ids) await testApp.client.close(id);
    await received(3);
    const rows = await testApp.database.rows<{ type: string }>(
      'SELECT type FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id ORDER BY 1',
    );
    expect(rows.map(({ type }) => type)).toEqual(['session.closed', 'session.closed', 'session.ready']);
  });

  it('is not written if its change is undone', async () => {
    const webhook = await createWebhook(testApp.client, receiver);
    const { id } = await ready('undone');
    await attempted(webhook, 1);
    await testApp.database.rows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = 'disk_full'; END $$`);
    await testApp.database.rows(
      `CREATE TRIGGER refuse BEFORE INSERT ON audit_entries FOR EACH ROW WHEN (NEW.action = 'close') EXECUTE FUNCTION refuse()`,
    );
    try {
      expect((await testApp.client.close(id)).status).toBeGreaterThanOrEqual(500);
    } finally {
      await testApp.database.rows('DROP FUNCTION refuse CASCADE');
    }
    expect(await deliveriesOf(testApp.client, webhook.id)).toHaveLength(1);
  });
});

describe('a delivery', () => {
  it.each([
    [
      'a status other than 2xx',
      { kind: 'status', status: 500, text: 'no\u0007 \u001b[31m' } as const,
      { status: 500, error: null, reply: 'no\\u{7} \\u{1b}[31m' },
    ],
    [
      'a redirect',
      { kind: 'status', status: 307, headers: { location: '/elsewhere' } } as const,
      { status: 307, error: null },
    ],
    [
      'a reset connection',
      { kind: 'reset' } as const,
      { status: null, error: expect.stringContaining('connection closed') },
    ],
    ['silence', { kind: 'hang' } as const, { status: null, error: expect.stringContaining('no response in time') }],
  ])('fails by %s, and is repeated after 5 s with the same id, signed anew', async (_what, order, attempt) => {
    const webhook = await createWebhook(testApp.client, receiver);
    receiver.next(order);
    await ready(`retry ${order.kind} ${'status' in order ? order.status : ''}`.trim());
    const failed = await attempted(webhook, 1);
    expect(failed).toMatchObject({ status: 'pending', attempts: [attempt] });
    const waitMs = Date.parse(failed.nextAttemptAt ?? '') - Date.parse(failed.attempts[0]?.at ?? '');
    expect(waitMs).toBeGreaterThanOrEqual(3999);
    expect(waitMs).toBeLessThanOrEqual(6001);
    await dueNow(webhook);
    expect(await attempted(webhook, 2)).toMatchObject({ status: 'delivered', nextAttemptAt: null });
    const [first, second] = receiver.received;
    expect(second?.id).toBe(first?.id);
    expect(second?.text).toBe(first?.text);
    for (const one of receiver.received) expect(isSignedBy(webhook.secret, one)).toBe(true);
  });

  it('goes to a host that operators name, and fails by a name that leads nowhere', async () => {
    const known = await createWebhook(testApp.client, receiver, { url: `http://localhost:${receiver.port}/` });
    const unknown = await createWebhook(testApp.client, receiver, { url: 'https://hooks.invalid/' });
    await ready('names');
    expect(await attempted(known, 1)).toMatchObject({ status: 'delivered' });
    const { attempts } = await attempted(unknown, 1);
    expect(attempts[0]?.error).toMatch(/^(unknown host|host name not resolved|no response in time)/);
  });

  it('is answered in time although the reply is endless, and keeps its first KiB', async () => {
    const webhook = await createWebhook(testApp.client, receiver);
    receiver.next({ kind: 'status', status: 200, text: 'x'.repeat(1_000_000) });
    await ready('long reply');
    expect(await attempted(webhook, 1)).toMatchObject({ status: 'delivered', attempts: [{ reply: 'x'.repeat(1024) }] });
  });

  it('shows no secret that a receiver repeats', async () => {
    const webhook = await createWebhook(testApp.client, receiver);
    receiver.next({ kind: 'status', status: 400, text: `wrong signature, expected by ${webhook.secret}` });
    await ready('repeats the secret');
    const { attempts } = await attempted(webhook, 1);
    expect(attempts[0]?.reply).toBe('wrong signature, expected by [webhook secret]');
  });

  it('waits as long as Retry-After asks, up to twice the wait', async () => {
    const webhook = await createWebhook(testApp.client, receiver);
    receiver.next({ kind: 'status', status: 429, headers: { 'retry-after': '3600' } });
    await ready('retry-after');
    const { nextAttemptAt, attempts } = await attempted(webhook, 1);
    expect(Date.parse(nextAttemptAt ?? '') - Date.parse(attempts[0]?.at ?? '')).toBe(10_000);
  });

  it('has failed after ten attempts', async () => {
    const webhook = await createWebhook(testApp.client, receiver);
    receiver.always({ kind: 'status', status: 500 });
    await ready('ten attempts');
    for (let n = 1; n <= 10; n++) {
      await attempted(webhook, n);
      await dueNow(webhook);
    }
    expect(await attempted(webhook, 10)).toMatchObject({ status: 'failed', nextAttemptAt: null });
    expect(receiver.received).toHaveLength(10);
  });

  it('to an endpoint that hangs holds up no other endpoint, and no mint', async () => {
    const fast = await WebhookReceiver.start();
    try {
      receiver.always({ kind: 'hang' });
      const webhook = await createWebhook(testApp.client, receiver);
      await createWebhook(testApp.client, fast);
      // More than may be under way to one endpoint at one time.
      await Promise.all(Array.from({ length: 30 }, (_, n) => ready(`hangs ${n}`)));
      await eventually(() => {
        expect(fast.received).toHaveLength(30);
      }, TIMEOUT_MS * 2);
      await eventually(() => {
        expect(receiver.hanging).toBe(8);
      });
      expect((await deliveriesOf(testApp.client, webhook.id)).every(({ status }) => status === 'pending')).toBe(true);
    } finally {
      receiver.always({ kind: 'status', status: 204 });
      await fast.close();
    }
  });
});

describe('an endpoint', () => {
  it('is named by each entry of the audit trail about it, which lists them by its id', async () => {
    const { id } = await createWebhook(testApp.client, receiver);
    await createWebhook(testApp.client, receiver);
    await testApp.client.send('PATCH', `/v1/webhooks/${id}`, { body: { enabled: false } });
    await testApp.client.send('POST', `/v1/webhooks/${id}/rotate-secret`);
    await testApp.client.send('DELETE', `/v1/webhooks/${id}`);
    const changes = await testApp.client.send<{ items: { action: string; session: string }[]; nextCursor: string }>(
      'GET',
      `/v1/audit?session=${id}&limit=3`,
    );
    expect(changes.body.items.map(({ action, session }) => [action, session])).toEqual(
      Array(3).fill(['change-webhook', id]),
    );
    const rest = await testApp.client.send<{ items: unknown[] }>(
      'GET',
      `/v1/audit?session=${id}&cursor=${changes.body.nextCursor}`,
    );
    expect([rest.status, rest.body.items.length]).toEqual([200, 1]);
  });

  it('that answers 410 is disabled at once, which is counted and logged', async () => {
    const before = await metric('webhook_endpoints_disabled_total{reason="gone"}');
    const webhook = await createWebhook(testApp.client, receiver);
    receiver.always({ kind: 'status', status: 410 });
    await ready('gone');
    await eventually(async () => {
      expect(await read(webhook)).toMatchObject({ enabled: false, disabledReason: 'gone' });
    });
    await eventually(async () => {
      expect(await metric('webhook_endpoints_disabled_total{reason="gone"}')).toBe(before + 1);
    });
    expect(testApp.log).toContainEqual(
      expect.objectContaining({ level: 50, webhook: webhook.id, msg: expect.stringContaining('webhook disabled') }),
    );
    await dueNow(webhook);
    await ready('nothing more');
    expect((await testApp.client.send('POST', `/v1/webhooks/${webhook.id}/ping`)).status).toBe(409);
    expect(receiver.received).toHaveLength(1);
  });

  it('that has failed for five days is disabled by its next failure, not before, and not after a success', async () => {
    const webhook = await createWebhook(testApp.client, receiver);
    const failingFor = (days: number) =>
      testApp.database.rows(`UPDATE webhook_endpoints SET failing_since = now() - make_interval(days => $1)`, [days]);
    receiver.next({ kind: 'status', status: 500 });
    await ready('fails once');
    await attempted(webhook, 1);
    expect((await read(webhook)).failingSince).not.toBeNull();

    await failingFor(9);
    await dueNow(webhook);
    await attempted(webhook, 2);
    expect(await read(webhook)).toMatchObject({ enabled: true, failingSince: null });

    receiver.always({ kind: 'status', status: 500 });
    await failingFor(4);
    const { body } = await testApp.client.send<{ delivery: string }>('POST', `/v1/webhooks/${webhook.id}/ping`);
    await attempted(webhook, 1);
    expect(await read(webhook)).toMatchObject({ enabled: true });

    await failingFor(5);
    await dueNow(webhook);
    await attempted(webhook, 2);
    expect(await read(webhook)).toMatchObject({ enabled: false, disabledReason: 'failing' });

    receiver.always({ kind: 'status', status: 204 });
    await testApp.client.send('PATCH', `/v1/webhooks/${webhook.id}`, { body: { enabled: true } });
    await dueNow(webhook);
    await attempted(webhook, 3);
    expect(receiver.received.at(-1)?.id).toBe(body.delivery);
    expect(await read(webhook)).toMatchObject({ enabled: true, disabledReason: null, failingSince: null });
  });
});

describe('the secret of an endpoint', () => {
  it('that cannot be opened makes its deliveries wait, without an attempt and with one line in the log', async () => {
    const webhook = await createWebhook(testApp.client, receiver);
    await testApp.database.rows(`UPDATE webhook_endpoints SET secret_key_id = 'gone', secret_sealed = 'v1.gone.x.x'`);
    const lines = () => testApp.log.filter((line) => line.webhook === webhook.id);
    for (let n = 0; n < 12; n++) await testApp.client.send('POST', `/v1/webhooks/${webhook.id}/ping`);
    await eventually(() => {
      expect(lines()).toMatchObject([{ msg: expect.stringContaining('cannot open the secret') }]);
    });
    await testApp.database.rows('UPDATE webhook_deliveries SET due_at = now()');
    for (let n = 0; n < 3; n++) await worker.get(DeliverWebhooksHandler).deliverDue(webhook.id);
    expect([lines().length, receiver.received.length]).toEqual([1, 0]);
  });

  it('once replaced signs beside its successor for 24 hours, and is not replaced again unless forced', async () => {
    const webhook = await createWebhook(testApp.client, receiver);
    const path = `/v1/webhooks/${webhook.id}`;
    const rotated = await testApp.client.send<CreatedWebhook>('POST', `${path}/rotate-secret`);
    expect(rotated.status).toBe(200);
    const overlapMs = Date.parse(rotated.body.previousSecretUntil ?? '') - Date.now();
    expect(Math.abs(overlapMs - 86_400_000)).toBeLessThan(60_000);
    await testApp.client.send('POST', `${path}/ping`);
    await received(1);
    const verified = (secret: string) => receiver.received.map((one) => isSignedBy(secret, one));
    expect([verified(webhook.secret), verified(rotated.body.secret)]).toEqual([[true], [true]]);

    const again = await testApp.client.send<{ code: string }>('POST', `/v1/webhooks/${webhook.id}/rotate-secret`, {
      body: {},
    });
    expect([again.status, again.body.code]).toEqual([409, 'webhook-secret-rotated']);
    const forced = await testApp.client.send<CreatedWebhook>('POST', `${path}/rotate-secret`, {
      body: { force: true },
    });
    await testApp.client.send('POST', `${path}/ping`);
    await received(2);
    const secrets = [webhook, rotated.body, forced.body].map(({ secret }) => verified(secret)[1]);
    expect(secrets).toEqual([false, true, true]);

    await testApp.database.rows(`UPDATE webhook_endpoints SET previous_until = now()`);
    await testApp.client.send('POST', `${path}/ping`);
    await received(3);
    expect([verified(rotated.body.secret)[2], verified(forced.body.secret)[2]]).toEqual([false, true]);
    await eventually(async () => {
      expect(await testApp.database.rows('SELECT 1 FROM webhook_endpoints WHERE previous_sealed IS NOT NULL')).toEqual(
        [],
      );
    });
  });

  it('is shown where it is created, and nowhere else', async () => {
    const webhook = await createWebhook(testApp.client, receiver);
    const replies = [
      await testApp.client.send('GET', '/v1/webhooks'),
      await testApp.client.send('GET', `/v1/webhooks/${webhook.id}`),
      await testApp.client.send('PATCH', `/v1/webhooks/${webhook.id}`, { body: { description: 'x' } }),
    ];
    expect(webhook.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    for (const { status, text } of replies) expect([status, text.includes('whsec')]).toEqual([200, false]);
    expect(JSON.stringify(await testApp.database.rows('SELECT * FROM webhook_endpoints'))).not.toContain('whsec');
  });
});

describe('what was sent', () => {
  it('is sent again with the same id: one of them, those that failed since a time, or all since then', async () => {
    const webhook = await createWebhook(testApp.client, receiver);
    const path = `/v1/webhooks/${webhook.id}`;
    for (const room of ['replay 1', 'replay 2', 'replay 3']) await ready(room);
    await received(3);
    await eventually(async () => {
      expect(await deliveriesOf(testApp.client, webhook.id, '?status=delivered')).toHaveLength(3);
    });
    const [newest, middle, oldest] = await deliveriesOf(testApp.client, webhook.id);
    const reply = await testApp.client.send('POST', `/v1/webhooks/${webhook.id}/deliveries/${middle?.id ?? ''}/replay`);
    expect([reply.status, reply.body]).toEqual([202, { delivery: middle?.id }]);
    await received(4);
    expect(receiver.received[3]?.id).toBe(middle?.id);
    await eventually(async () => {
      expect((await deliveriesOf(testApp.client, webhook.id))[1]?.attempts.length).toBe(2);
    });

    await testApp.database.rows(`UPDATE webhook_deliveries SET status = 'failed' WHERE id = ANY($1)`, [
      [oldest?.id, newest?.id],
    ]);
    const since = (
      await testApp.database.rows<{ at: Date }>(`SELECT created_at AS at FROM webhook_deliveries WHERE id = $1`, [
        middle?.id,
      ])
    )[0]?.at;
    const failed = await testApp.client.send('POST', `${path}/replay`, { body: { since: since?.toISOString() } });
    expect([failed.status, failed.body]).toEqual([202, { replayed: 1, nextSince: null }]);
    await received(5);
    expect(receiver.received[4]?.id).toBe(newest?.id);

    await eventually(async () => {
      expect(await deliveriesOf(testApp.client, webhook.id, '?status=pending')).toHaveLength(0);
    });
    const body = { since: '2026-01-01T00:00:00Z', only: 'all' };
    const all = await testApp.client.send('POST', `/v1/webhooks/${webhook.id}/replay`, { body });
    expect(all.body).toEqual({ replayed: 3, nextSince: null });
    await received(8);
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(3);

    const audited = async (id: string | undefined) => {
      const { body: page } = await testApp.client.send<{ items: { action: string; actor: string; count: number }[] }>(
        'GET',
        `/v1/audit?session=${String(id)}`,
      );
      return page.items.flatMap(({ action, actor, count }) => (action === 'replay-webhook' ? [[actor, count]] : []));
    };
    const actor = expect.stringMatching(/^key:/);
    expect(await audited(middle?.id)).toEqual([[actor, 1]]);
    expect(await audited(webhook.id)).toEqual([
      [actor, 3],
      [actor, 1],
    ]);
  });

  it('is listed in pages, newest first', async () => {
    const webhook = await createWebhook(testApp.client, receiver, { types: ['session.ready', 'session.closed'] });
    for (const room of ['page 1', 'page 2']) await testApp.client.close((await ready(room)).id);
    const all = await deliveriesOf(testApp.client, webhook.id);
    const first = await testApp.client.send<{ items: { id: string }[]; nextCursor: string }>(
      'GET',
      `/v1/webhooks/${webhook.id}/deliveries?limit=3`,
    );
    const second = await testApp.client.send<{ items: { id: string }[]; nextCursor: null }>(
      'GET',
      `/v1/webhooks/${webhook.id}/deliveries?limit=3&cursor=${first.body.nextCursor}`,
    );
    const ids = [...first.body.items, ...second.body.items].map(({ id }) => id);
    expect([ids, second.body.nextCursor]).toEqual([all.map(({ id }) => id), null]);
    expect(all.map(({ type }) => type)).toEqual(['session.closed', 'session.ready', 'session.closed', 'session.ready']);
  });

  it('is deleted when it is old, with its attempts', async () => {
    const webhook = await createWebhook(testApp.client, receiver);
    await ready('old event');
    await attempted(webhook, 1);
    await testApp.database.rows(`UPDATE webhook_deliveries SET created_at = now() - interval '15 days'`);
    await eventually(async () => {
      expect(await testApp.database.rows('SELECT 1 FROM webhook_attempts')).toEqual([]);
      expect(await testApp.database.rows('SELECT 1 FROM webhook_deliveries')).toEqual([]);
    });
  });
});
