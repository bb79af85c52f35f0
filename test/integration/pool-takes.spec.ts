import { PoolRepository, RoomsRepository } from '@app/entities';
import type { Product } from '@app/kernel';
import { MintTokensQueue } from '@app/queue';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectKnown, setsIn, stock } from '../support/pool.js';
import { type RunningGateway, TestApp } from '../support/test-app.js';
import { timelineOf } from '../support/timelines.js';

const BOTH = ['stream', 'sync'];
const LIMITS = { minLifeS: 600, maxAgeS: 1200 };

let testApp: TestApp;
let other: RunningGateway;
beforeAll(async () => {
  testApp = await TestApp.open({
    worker: false,
    env: { POOL_MIN_LIFE_S: '600', POOL_MAX_AGE_S: '1200', ROOM_API: 'on', ROOM_API_WAIT_S: '1' },
  });
  other = await testApp.startGateway();
});
afterAll(() => testApp.end());
afterEach(() => testApp.database.rows('DELETE FROM pool_sets'));

let rooms = 0;
const newRoom = () => `room-${++rooms}`;
const open = (room: string, products: string[] | undefined = BOTH) =>
  testApp.client.openRoom(room, { body: { products } });
const tokensOf = (id: string, products = BOTH) =>
  Object.fromEntries(products.map((product) => [product, `${product}-of-${id}`]));

async function known(products = BOTH): Promise<void> {
  await expectKnown(testApp.gateway, products);
  await expectKnown(other, products);
}

describe('an open while the pool holds sets of its products', () => {
  it('is answered 201 at once, with the oldest set, which is gone then', async () => {
    const [newer] = await stock(testApp, 1);
    const [oldest] = await stock(testApp, 1, { ageS: 60 });
    await known();
    const { status, headers, body } = await open('derby', ['sync', 'stream']);
    expect([status, headers.location]).toEqual([201, `/v1/sessions/${oldest}`]);
    expect(body).toMatchObject({
      id: oldest,
      room: 'derby',
      generation: 1,
      status: 'ready',
      version: 1,
      products: BOTH,
    });
    expect(body.tokens).toEqual(tokensOf(oldest!));
    expect([body.readyAt, body.failure]).toEqual([body.createdAt, null]);
    expect(Date.parse(String(body.expiresAt)) - Date.now()).toBeGreaterThan(7_000_000);
    expect(await setsIn(testApp)).toEqual([newer]);
    expect((await testApp.client.read(oldest!)).body.tokens).toEqual(tokensOf(oldest!));
    const again = await open('derby');
    expect([again.status, again.body.id]).toEqual([200, oldest]);
  });

  it('writes what any other writes: the audit trail, the timeline with the pool in it, and the event for webhooks', async () => {
    const hook = { url: 'https://hooks.example', types: ['session.ready'] };
    expect((await testApp.client.send('POST', '/v1/webhooks', { body: hook })).status).toBe(201);
    const [set] = await stock(testApp, 1, { ageS: 90 });
    await known();
    const { body } = await open(newRoom());
    expect(body.id).toBe(set);
    const { entries } = await timelineOf(testApp.client, body.id);
    expect(entries.map(({ event }) => event).filter((event) => event !== 'read' && event !== 'webhook')).toEqual([
      'asked',
      'pooled',
      'published',
      'published',
      'ready',
    ]);
    expect(entries.find(({ event }) => event === 'pooled')).toMatchObject({ endpoint: 'eu', at: body.createdAt });
    expect(entries.find(({ event }) => event === 'pooled')?.text).toMatch(
      /^Its tokens were taken from the warm pool: CAS \(eu\) issued them at .*, 1 min 30 s before\.$/,
    );
    const audit = await testApp.client.send<{ items: object[] }>('GET', `/v1/audit?session=${body.id}`);
    expect(audit.body.items.filter((item) => (item as { action: string }).action === 'create')).toHaveLength(1);
    const [event] = await testApp.database.rows<{ payload: { data: object } }>(
      'SELECT type, payload FROM webhook_deliveries WHERE session_id = $1',
      [body.id],
    );
    expect(event).toMatchObject({ type: 'session.ready', payload: { data: { id: body.id, status: 'ready' } } });
  });

  it('needs no worker, and queues no job', async () => {
    await stock(testApp, 1);
    await known();
    const enqueue = jest.spyOn(testApp.gateway.app.get(MintTokensQueue), 'enqueue');
    expect((await open(newRoom())).body.status).toBe('ready');
    expect(enqueue).not.toHaveBeenCalled();
    expect((await open(newRoom())).body.status).toBe('pending');
    expect(enqueue).toHaveBeenCalledTimes(1);
    enqueue.mockRestore();
  });

  it.each<[string, () => Promise<{ id: string; status: string }>]>([
    ['a session without a room', async () => (await testApp.client.create({ body: { products: BOTH } })).body],
    [
      'one with an Idempotency-Key',
      async () => (await testApp.client.create({ body: { products: BOTH }, key: `k${++rooms}` })).body,
    ],
    ['a rotation', async () => (await testApp.client.rotate((await open(newRoom())).body.id)).body],
    [
      'the next generation of a room whose session has expired',
      async () => {
        const room = newRoom();
        const { body } = await open(room);
        await testApp.database.rows(`UPDATE sessions SET expires_at = now() WHERE id = $1`, [body.id]);
        return (await open(room)).body;
      },
    ],
  ])('serves %s too', async (_what, create) => {
    const sets = await stock(testApp, 2);
    await known();
    const { id, status } = await create();
    expect([status, sets.includes(id)]).toEqual(['ready', true]);
    const entries = await testApp.database.rows(
      `SELECT FROM audit_entries WHERE session_id = $1 AND action = 'create'`,
      [id],
    );
    expect(entries).toHaveLength(1);
    expect(await setsIn(testApp)).not.toContain(id);
  });

  it('serves the rooms of the drop-in adapter', async () => {
    const [set] = await stock(testApp, 1);
    await known();
    const reply = await testApp.client.send<Record<string, unknown>>('POST', '/room/create', {
      body: { name: 'fans' },
    });
    expect([reply.status, reply.body.wt_token]).toEqual([200, `stream-of-${set}`]);
  });

  it('leaves chat tokens to CAS, since each is of one user', async () => {
    await stock(testApp, 1);
    await known();
    const reply = await testApp.client.send('PUT', '/v1/chat-tokens/alice');
    expect([reply.status, reply.body.status]).toEqual([202, 'pending']);
    await testApp.client.send('DELETE', '/v1/chat-tokens/alice');
    expect(await setsIn(testApp)).toHaveLength(1);
  });

  it('takes no set for a room that has a session', async () => {
    const room = newRoom();
    const first = await open(room);
    expect(first.status).toBe(202);
    await stock(testApp, 3);
    await known();
    const replies = await Promise.all(Array.from({ length: 20 }, () => open(room)));
    expect(new Set(replies.map(({ body }) => body.id))).toEqual(new Set([first.body.id]));
    expect(await setsIn(testApp)).toHaveLength(3);
    await testApp.client.close(first.body.id);
  });

  it('takes one set for one room, whatever gateways race for it', async () => {
    await stock(testApp, 30);
    await known();
    const room = newRoom();
    const clients = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? testApp.client : other.client));
    const replies = await Promise.all(clients.map((client) => client.openRoom(room, { body: { products: BOTH } })));
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
    expect(await setsIn(testApp)).toHaveLength(29);
  });

  it('takes one set for one Idempotency-Key', async () => {
    await stock(testApp, 30);
    await known();
    const clients = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? testApp.client : other.client));
    const call = { body: { products: BOTH }, key: `race-${++rooms}` };
    const replies = await Promise.all(clients.map((client) => client.create(call)));
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(await setsIn(testApp)).toHaveLength(29);
  });

  it('takes a set of exactly its products', async () => {
    const sets = await stock(testApp, 2, { products: ['stream'] });
    await known(['stream']);
    expect((await open(newRoom())).status).toBe(202);
    const { body } = await open(newRoom(), ['stream']);
    expect(body.tokens).toEqual(tokensOf(sets[0]!, ['stream']));
  });

  it('takes a set of exactly its products beside opens for others', async () => {
    const sets = [...(await stock(testApp, 20)), ...(await stock(testApp, 20, { products: ['stream'] }))];
    await known();
    await known(['stream']);
    const repository = testApp.gateway.app.get(RoomsRepository);
    // In one turn of the event loop, so that they share a statement.
    const opened = await Promise.all(
      sets.map(async (_, n) => {
        // Either kind comes first as often as the other.
        const products: Product[] = [0, 3].includes(n % 4) ? ['stream', 'sync'] : ['stream'];
        const opening = {
          room: newRoom(),
          wanted: products,
          products,
          metadata: {},
          createdBy: 'key:test',
          deadlineS: 600,
        };
        return { ...(await repository.open({ ...opening, pool: LIMITS })).session, wanted: products };
      }),
    );
    expect(opened.filter(({ status }) => status !== 'ready')).toEqual([]);
    expect(opened.map(({ tokens }) => tokens.map(({ product }) => product))).toEqual(
      opened.map(({ wanted }) => wanted),
    );
    expect(opened.map(({ id }) => id).toSorted()).toEqual(sets.toSorted());
    const shown = await Promise.all(opened.map(({ id }) => testApp.client.read(id)));
    expect(shown.map(({ body }) => body.tokens)).toEqual(opened.map(({ id, wanted }) => tokensOf(id, wanted)));
    expect(await setsIn(testApp)).toEqual([]);
  });

  it('hands out no set twice to two gateways, and what the pool does not have is pending as without it', async () => {
    const sets = await stock(testApp, 200);
    await known();
    const clients = Array.from({ length: 300 }, (_, n) => (n % 2 === 0 ? testApp.client : other.client));
    const replies = await Promise.all(
      clients.map((client) => client.openRoom(newRoom(), { body: { products: BOTH } })),
    );
    const ready = replies.filter(({ status }) => status === 201).map(({ body }) => body);
    expect(replies.filter(({ status }) => status === 202)).toHaveLength(100);
    expect(ready.map(({ id }) => id).toSorted()).toEqual(sets.toSorted());
    expect(new Set(ready.flatMap(({ tokens }) => Object.values(tokens ?? {}))).size).toBe(400);
    expect(await setsIn(testApp)).toEqual([]);
  });
});

describe('a set', () => {
  it.each([
    ['older than POOL_MAX_AGE_S', { ageS: 1201 }, { old: 1, 'short-lived': 0 }],
    ['with less than POOL_MIN_LIFE_S left', { lifeS: 599 }, { old: 0, 'short-lived': 1 }],
  ])('%s is not taken, and discarded', async (_what, options, discarded) => {
    const [good] = await stock(testApp, 1);
    await known();
    await stock(testApp, 1, options);
    expect((await open(newRoom())).body.id).toBe(good);
    expect((await open(newRoom())).status).toBe(202);
    const pool = testApp.gateway.app.get(PoolRepository);
    expect(await pool.discard(LIMITS)).toEqual(discarded);
    expect(await setsIn(testApp)).toEqual([]);
  });

  it('that may be taken is not discarded', async () => {
    await stock(testApp, 1, { ageS: 1100, lifeS: 700 });
    expect(await testApp.gateway.app.get(PoolRepository).discard(LIMITS)).toEqual({ old: 0, 'short-lived': 0 });
    expect(await setsIn(testApp)).toHaveLength(1);
  });

  it('whose session is rolled back stays', async () => {
    const [set] = await stock(testApp, 1);
    await known();
    await testApp.database.rows(`ALTER TABLE session_tokens ADD CONSTRAINT refuse CHECK (product <> 'sync') NOT VALID`);
    try {
      expect((await open(newRoom())).status).toBe(500);
    } finally {
      await testApp.database.rows('ALTER TABLE session_tokens DROP CONSTRAINT refuse');
    }
    expect(await setsIn(testApp)).toEqual([set]);
    await eventually(async () => {
      expect((await open(newRoom())).body.id).toBe(set);
    });
  });
});
