import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.js';
import { type Backend, TestDeployment } from '../support/test-deployment.js';
import { isSignedBy, type Received, WebhookReceiver } from '../support/webhook-receiver.js';
import { createWebhook, deliveriesOf } from '../support/webhooks.js';

/** The timeout of an attempt and its slack (5 s), after which another worker takes over, on a busy machine. */
const TAKE_OVER_MS = 25_000;

describe.each<Backend>(['postgres', 'redis'])('webhooks, with the queue in %s', (queue) => {
  let deployment: TestDeployment;
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    receiver = await WebhookReceiver.start();
    deployment = await TestDeployment.start({
      queue,
      workers: 0,
      env: { WEBHOOK_ALLOW: '127.0.0.1', WEBHOOK_TIMEOUT_MS: '3000' },
    });
  });
  afterAll(async () => {
    await deployment.end();
    await receiver.close();
  });

  const byEvent = () => Map.groupBy(receiver.received, ({ body }) => `${body.type} ${String(body.data.id)}`);

  it('arrive at least once, each with one webhook-id, although workers are killed in the middle of delivering', async () => {
    const webhook = await createWebhook(deployment.client(), receiver);
    receiver.always({ kind: 'hang' });
    const victim = await deployment.startWorker();
    const rooms = Array.from({ length: 12 }, (_, n) => `killed-${n}`);
    const opened = await Promise.all(rooms.map((room) => deployment.client().openRoom(room, { wait: 20 })));
    const ids = opened.map(({ body }) => body.id);
    // Eight of them are under way.
    await eventually(() => {
      expect(receiver.hanging).toBe(8);
    });
    await victim.kill9();
    await eventually(() => {
      expect(receiver.hanging).toBe(0);
    });
    receiver.always({ kind: 'status', status: 204 });
    await Promise.all(ids.map((id) => deployment.client().close(id)));
    if (deployment.redis !== undefined) await emptied(deployment.redis.url);
    await deployment.startWorker();

    await eventually(async () => {
      const rows = await deployment.database.rows<{ status: string; count: number }>(
        'SELECT status, count(*)::int AS count FROM webhook_deliveries GROUP BY status',
      );
      expect(rows).toEqual([{ status: 'delivered', count: 24 }]);
    }, TAKE_OVER_MS);
    const events = byEvent();
    const wanted = ids.flatMap((id) => [`session.ready ${id}`, `session.closed ${id}`]);
    expect([...events.keys()].sort()).toEqual(wanted.sort());
    for (const [event, received] of events) {
      expect([event, new Set(received.map(({ id }: Received) => id)).size]).toEqual([event, 1]);
      expect([event, received.every((one) => isSignedBy(webhook.secret, one))]).toEqual([event, true]);
    }
    expect([...events.values()].filter((received) => received.length > 1)).not.toEqual([]);
    const deliveries = await deliveriesOf(deployment.client(), webhook.id);
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(24);
  }, 90_000);

  it('that are under way when a worker is stopped are finished and recorded first', async () => {
    receiver.next({ kind: 'slow', ms: 1500 });
    const [worker] = deployment.workers.slice(-1);
    await deployment.client().openRoom('stopped', { wait: 20 });
    await eventually(() => {
      expect([...byEvent().keys()].filter((key) => key.startsWith('session.ready'))).toHaveLength(13);
    });
    expect((await worker?.terminate())?.code).toBe(0);
    const [delivery] = await deployment.database.rows(
      'SELECT status, attempts FROM webhook_deliveries ORDER BY created_at DESC LIMIT 1',
    );
    expect(delivery).toEqual({ status: 'delivered', attempts: 1 });
  });
});

async function emptied(url: string): Promise<void> {
  const redis = new Redis(url);
  await redis.flushall();
  redis.disconnect();
}
