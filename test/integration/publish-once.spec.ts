import { PublishingRepository, RoomsRepository, type SealedToken } from '@app/entities';
import type { Product } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MintTokensHandler } from '../../apps/worker/src/mint-tokens/mint-tokens.handler.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

const sealedToken = (sealed: string, product: Product = 'stream'): SealedToken => ({
  product,
  sealed,
  keyId: 'k1',
  expiresAt: new Date(Date.now() + 3_600_000),
});

const of = (endpoint: string, ...tokens: SealedToken[]) => ({ endpoint, tokens });

/** The two unique keys that carry the promise, each met by a second writer: fixed cases, no luck needed. */
describe('a second writer', () => {
  let testApp: TestApp;
  let publishing: PublishingRepository;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
    publishing = testApp.gateway.app.get(PublishingRepository);
  });
  afterAll(() => testApp.end());

  const opened = async (room: string, products = ['stream']) =>
    (await testApp.client.openRoom(room, { body: { products } })).body.id;

  it('of a product changes nothing, and is told that its token was discarded', async () => {
    const id = await opened('two-publishers', ['stream', 'sync']);
    expect(await publishing.publish(id, of('cas', sealedToken('first')))).toMatchObject({
      published: ['stream'],
      pending: true,
    });
    const second = await publishing.publish(id, of('cas', sealedToken('second'), sealedToken('third', 'sync')));
    expect(second).toMatchObject({ published: ['sync'], discarded: ['stream'], pending: false });
    const stored = await testApp.database.rows('SELECT sealed FROM session_tokens WHERE session_id = $1 ORDER BY 1', [
      id,
    ]);
    expect(stored).toEqual([{ sealed: 'first' }, { sealed: 'third' }]);
  });

  it('of another CAS endpoint publishes nothing: all tokens of a session are of one', async () => {
    const id = await opened('two-endpoints', ['stream', 'sync']);
    const [first, second] = await Promise.all([
      publishing.publish(id, of('eu', sealedToken('eu-stream'))),
      publishing.publish(id, of('us', sealedToken('us-sync', 'sync'))),
    ]);
    expect(first).toMatchObject({ published: ['stream'], pending: true });
    expect(second).toMatchObject({ published: [], discarded: ['sync'], pending: true });
    expect(await publishing.publish(id, of('us', sealedToken('us-2', 'sync')))).toMatchObject({ discarded: ['sync'] });
    expect(await publishing.task(id)).toMatchObject({ missing: ['sync'], endpoint: 'eu' });
    await publishing.publish(id, of('eu', sealedToken('eu-sync', 'sync')));
    const [row] = await testApp.database.rows('SELECT status, cas_endpoint FROM sessions WHERE id = $1', [id]);
    expect(row).toEqual({ status: 'ready', cas_endpoint: 'eu' });
  });

  it('finds the session as it was, if its tokens are released for another endpoint', async () => {
    const id = await opened('released', ['stream', 'sync']);
    await publishing.publish(id, of('eu', sealedToken('left')));
    expect(await publishing.release(id, 'us')).toBeNull();
    expect(await publishing.release(id, 'eu')).toBe(1);
    const task = await publishing.task(id);
    expect(task).toMatchObject({ missing: expect.arrayContaining(['stream', 'sync']), endpoint: null });
    await publishing.publish(id, of('us', sealedToken('taken'), sealedToken('taken-sync', 'sync')));
    expect(await publishing.release(id, 'us')).toBeNull();
    const stored = await testApp.database.rows('SELECT sealed FROM session_tokens WHERE session_id = $1 ORDER BY 1', [
      id,
    ]);
    expect(stored).toEqual([{ sealed: 'taken' }, { sealed: 'taken-sync' }]);
  });

  it('of a closed session publishes nothing', async () => {
    const id = await opened('closed-before');
    await testApp.client.close(id);
    expect(await publishing.publish(id, of('cas', sealedToken('late')))).toMatchObject({
      published: [],
      discarded: ['stream'],
    });
    expect(await testApp.database.rows('SELECT 1 FROM session_tokens WHERE session_id = $1', [id])).toEqual([]);
  });

  it('of a room gets the session of the first', async () => {
    const other = await testApp.startGateway();
    const opening = {
      room: 'two-openers',
      wanted: undefined,
      products: ['stream' as Product],
      metadata: {},
      deadlineS: 900,
    };
    const repositories = [testApp.gateway, other].map(({ app }) => app.get(RoomsRepository));
    const results = await Promise.all(
      repositories.map((rooms, n) => rooms.open({ ...opening, createdBy: `key:${n}` })),
    );
    expect(new Set(results.map(({ session }) => session.id)).size).toBe(1);
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(['created', 'existing']);
  });
});

describe('a session whose run has published in vain', () => {
  let testApp: TestApp;
  let worker: Awaited<ReturnType<TestApp['startWorker']>>;
  beforeAll(async () => {
    // A sweeper that looks once a minute: whatever comes sooner is not its doing.
    testApp = await TestApp.open({ env: { SWEEP_EVERY_MS: '60000' }, worker: false });
  });
  afterAll(() => testApp.end());

  it('gets its tokens from that run’s second look if it was retried, since its own job was refused meanwhile', async () => {
    worker = await testApp.startWorker();
    const publishing = worker.get(PublishingRepository);
    const handler = worker.get(MintTokensHandler);
    const publish = publishing.publish.bind(publishing);
    let retried = false;
    publishing.publish = async (id, issued) => {
      if (!retried) await testApp.database.rows('UPDATE sessions SET deadline_at = now() WHERE id = $1', [id]);
      const publication = await publish(id, issued);
      if (!retried) {
        retried = true;
        expect((await testApp.client.retry(id)).status).toBe(202);
      }
      return publication;
    };
    const mint = handler.mint.bind(handler);
    const results: string[] = [];
    handler.mint = async (...args) => {
      const result = await mint(...args);
      results.push(result.kind);
      return result;
    };
    const { body } = await testApp.client.openRoom('retried-in-flight');
    // Until then its failed life may still be seen.
    await eventually(() => {
      expect(results[0]).toBe('retry');
    });
    const settled = await testApp.client.read(body.id, { wait: 15 });
    expect(settled.body).toMatchObject({ id: body.id, status: 'ready' });
    publishing.publish = publish;
  });

  it('gets its tokens at once as well if another run was first with a token of an endpoint that is gone', async () => {
    const publishing = worker.get(PublishingRepository);
    const publish = publishing.publish.bind(publishing);
    let late = false;
    publishing.publish = async (id, issued, notes) => {
      if (!late) await publish(id, of('gone', sealedToken('early')));
      late = true;
      return publish(id, issued, notes);
    };
    const body = { products: ['stream', 'sync'] };
    const { body: session } = await testApp.client.openRoom('overtaken', { wait: 8, body });
    expect(session).toMatchObject({ status: 'ready', products: body.products });
    const endpoints = await testApp.database.rows('SELECT cas_endpoint AS name FROM sessions WHERE id = $1', [
      session.id,
    ]);
    expect(endpoints).toEqual([{ name: new URL(testApp.cas.url).host }]);
    publishing.publish = publish;
  });
});
