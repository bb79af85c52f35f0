import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { createWebhook } from '../support/webhooks.js';

/** Requests to one endpoint at one time. */
const PER_ENDPOINT = 8;
/** More endpoints than a queue has slots by default, and more requests than most pools have connections. */
const HANGING = 15;
const DELIVERIES = 200;
/** The longest timeout of an attempt that there is, in ms: a delivery that waited for one would come after it. */
const TIMEOUT_MS = 15_000;

let testApp: TestApp;
let healthy: WebhookReceiver;
let hanging: WebhookReceiver[];
beforeAll(async () => {
  const env = { WEBHOOK_ALLOW: '127.0.0.0/8', WEBHOOK_TIMEOUT_MS: String(TIMEOUT_MS) };
  testApp = await TestApp.open({ env });
});
beforeEach(async () => {
  healthy = await WebhookReceiver.start();
  hanging = await Promise.all(Array.from({ length: HANGING }, () => WebhookReceiver.start()));
  for (const receiver of hanging) receiver.always({ kind: 'hang' });
});
afterEach(async () => {
  await testApp.database.rows('DELETE FROM webhook_endpoints');
  await Promise.all([healthy, ...hanging].map((receiver) => receiver.close()));
});
afterAll(() => testApp.end());

/** Events for one endpoint alone. */
const ping = (id: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => testApp.client.send('POST', `/v1/webhooks/${id}/ping`)));

/** Endpoints that hang, with as many requests as each may have under way, and more that wait. */
async function hangAll(): Promise<void> {
  await Promise.all(
    hanging.map(async (receiver) => {
      const { id } = await createWebhook(testApp.client, receiver);
      await ping(id, PER_ENDPOINT + 2);
    }),
  );
  await eventually(() => {
    expect(hanging.map((receiver) => receiver.hanging)).toEqual(Array(HANGING).fill(PER_ENDPOINT));
  });
}

/** How many requests an endpoint that answers none has under way, once more of its events are due. */
async function requestsAtOneTime(id: string): Promise<number> {
  healthy.always({ kind: 'hang' });
  await ping(id, 3 * PER_ENDPOINT);
  const count = await eventually(() => {
    expect(healthy.hanging).toBe(PER_ENDPOINT);
    return healthy.hanging;
  });
  healthy.always({ kind: 'status', status: 204 });
  healthy.release();
  await eventually(() => {
    expect(healthy.received).toHaveLength(3 * PER_ENDPOINT);
  });
  healthy.received.length = 0;
  return count;
}

describe('beside endpoints that hang, an endpoint', () => {
  it('has as many requests at one time as it has alone', async () => {
    const { id } = await createWebhook(testApp.client, healthy);
    const alone = await requestsAtOneTime(id);
    await hangAll();
    expect(await requestsAtOneTime(id)).toBe(alone);
  }, 60_000);

  it('gets all its deliveries at their first attempt, none of which waits for a request that hangs to end', async () => {
    const { id } = await createWebhook(testApp.client, healthy);
    await hangAll();
    const held = hanging.map(({ received }) => received.map((one) => one.id));
    await ping(id, DELIVERIES);
    await eventually(() => {
      expect(healthy.received).toHaveLength(DELIVERIES);
    });
    // The same requests as before: none has ended, and none has taken the place of another.
    expect(hanging.map((receiver) => receiver.hanging)).toEqual(Array(HANGING).fill(PER_ENDPOINT));
    expect(hanging.map(({ received }) => received.map((one) => one.id))).toEqual(held);
    await eventually(async () => {
      const [counted] = await testApp.database.rows(
        `SELECT count(*)::int AS delivered, max(attempts)::int AS attempts FROM webhook_deliveries
         WHERE endpoint_id = $1 AND status = 'delivered'`,
        [id],
      );
      expect(counted).toEqual({ delivered: DELIVERIES, attempts: 1 });
    });
  }, 60_000);
});
