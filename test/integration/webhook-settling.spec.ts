import {
  type ClaimedDelivery,
  type SettledAttempt,
  SweepingRepository,
  WebhookDeliveriesRepository,
} from '@app/entities';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/test-app.js';
import type { CreatedWebhook } from '../support/webhooks.js';

const LEASE_S = 20;

let testApp: TestApp;
let deliveries: WebhookDeliveriesRepository;
beforeAll(async () => {
  testApp = await TestApp.open({ worker: false });
  deliveries = testApp.gateway.app.get(WebhookDeliveriesRepository);
});
afterEach(async () => {
  await testApp.database.rows('DELETE FROM webhook_deliveries');
  await testApp.database.rows('DELETE FROM webhook_endpoints');
});
afterAll(() => testApp.end());

async function endpoint(types = ['session.closed']): Promise<string> {
  const body = { url: 'https://hooks.invalid/', types };
  return (await testApp.client.send<CreatedWebhook>('POST', '/v1/webhooks', { body })).body.id;
}

/** A delivery that a worker has in its hands. */
async function inFlight(webhook: string): Promise<ClaimedDelivery> {
  await testApp.client.send('POST', `/v1/webhooks/${webhook}/ping`);
  const [claimed] = await deliveries.claim(webhook, 1, LEASE_S);
  if (claimed === undefined) throw new Error('nothing was due');
  return claimed;
}

const result = ({ id, endpointId, url, lease }: ClaimedDelivery, rest: Partial<SettledAttempt>): SettledAttempt => ({
  ...{ id, endpointId, url, lease, durationMs: 1, status: 503, error: null, reply: '' },
  ...{ outcome: 'retry', waitS: 86_400, gone: false },
  ...rest,
});

const rowOf = async ({ id }: ClaimedDelivery) => {
  const [row] = await testApp.database.rows<{ status: string; step: number; due: boolean; attempts: number }>(
    `SELECT status, step, due_at <= now() AS due, attempts FROM webhook_deliveries WHERE id = $1`,
    [id],
  );
  return row;
};

describe('the result of an attempt', () => {
  it('leaves the schedule of a delivery that was replayed meanwhile', async () => {
    const webhook = await endpoint();
    const claimed = await inFlight(webhook);
    const path = `/v1/webhooks/${webhook}/deliveries/${claimed.id}/replay`;
    expect((await testApp.client.send('POST', path)).status).toBe(202);
    await deliveries.settle(result(claimed, { outcome: 'failed', waitS: 0 }));
    expect(await rowOf(claimed)).toEqual({ status: 'pending', step: 0, due: true, attempts: 1 });
  });

  it('counts although its lease ran out, if it is a success', async () => {
    const claimed = await inFlight(await endpoint());
    await testApp.database.rows('UPDATE webhook_deliveries SET due_at = now()');
    const [again] = await deliveries.claim(claimed.endpointId, 1, LEASE_S);
    if (again === undefined) throw new Error('nothing was due');
    await deliveries.settle(result(again, { outcome: 'failed', waitS: 0 }));
    await deliveries.settle(result(claimed, { outcome: 'delivered', status: 204, waitS: 0 }));
    expect(await rowOf(claimed)).toMatchObject({ status: 'delivered', attempts: 2 });
  });

  it('is recorded once if it is told twice at the same time', async () => {
    const claimed = await inFlight(await endpoint());
    const other = await inFlight(await endpoint());
    const told = [result(other, {}), result(claimed, {}), result(claimed, { outcome: 'delivered', waitS: 0 })];
    await Promise.all(told.map((attempt) => deliveries.settle(attempt)));
    expect([(await rowOf(claimed))?.status, (await rowOf(other))?.status]).toEqual(['delivered', 'pending']);
  });

  it('says nothing about the receiver at another URL', async () => {
    const webhook = await endpoint();
    const claimed = await inFlight(webhook);
    await deliveries.settle(result(await inFlight(webhook), {}));
    const body = { url: 'https://hooks.invalid/other' };
    const changed = await testApp.client.send<CreatedWebhook>('PATCH', `/v1/webhooks/${webhook}`, { body });
    expect(changed.body.failingSince).toBeNull();
    expect(await deliveries.settle(result(claimed, { status: 410, gone: true }))).toBeNull();
    const { enabled } = (await testApp.client.send<CreatedWebhook>('GET', `/v1/webhooks/${webhook}`)).body;
    expect(enabled).toBe(true);
  });
});

describe('sessions that end in one moment, with as many endpoints as there can be', () => {
  it('lose their tokens in batches that the database finishes in time, with an event for each endpoint', async () => {
    await Promise.all(Array.from({ length: 50 }, () => endpoint(['session.expired', 'session.failed'])));
    await testApp.database.rows(
      `INSERT INTO sessions (id, generation, status, products, created_by, ready_at, expires_at, deadline_at, due_at)
       SELECT 'ses_' || lpad(n::text, 22, '0'), 1, CASE WHEN n % 2 = 0 THEN 'ready' ELSE 'pending' END, '{stream}',
              'key:backend', now(), now(), now(), now() FROM generate_series(1, 1000) n`,
    );
    const sweeping = testApp.gateway.app.get(SweepingRepository);
    const all = async (batch: () => Promise<number>) => {
      let sum = 0;
      for (let rows = await batch(); rows > 0; rows = await batch()) {
        expect(rows).toBeLessThanOrEqual(200);
        sum += rows;
      }
      return sum;
    };
    expect([await all(() => sweeping.expire()), await all(() => sweeping.failOverdue())]).toEqual([500, 500]);
    expect(await testApp.database.rows('SELECT count(*)::int AS events FROM webhook_deliveries')).toEqual([
      { events: 50_000 },
    ]);
  });
});
