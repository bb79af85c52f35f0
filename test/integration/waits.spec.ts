import { once } from 'node:events';
import { connect } from 'node:net';
import { SessionsRepository } from '@app/entities';
import { SessionEvents } from '@app/events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SessionWatcher } from '../../apps/gateway/src/sessions/session-watcher.js';
import type { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { TestApp, type RunningGateway } from '../support/test-app.js';

/** What two busy cores may add to a wait. */
const SLACK_MS = 1000;

let testApp: TestApp;
let client: Client;
let other: RunningGateway;
beforeAll(async () => {
  testApp = await TestApp.open();
  client = testApp.client;
  other = await testApp.startGateway();
});
afterAll(() => testApp.end());
afterEach(() => testApp.cas.clearFaults());

const expectHeld = (calls: number) =>
  eventually(async () => {
    expect(await testApp.cas.held()).toBe(calls);
  });

async function timed<T>(work: Promise<T>): Promise<{ reply: T; ms: number }> {
  const start = performance.now();
  const reply = await work;
  return { reply, ms: performance.now() - start };
}

describe('a held request', () => {
  it('is answered as soon as the session is ready, whichever gateway was asked', async () => {
    const delays: number[] = [];
    for (let i = 0; i < 7; i++) {
      await testApp.cas.fault({ kind: 'hang' });
      const { body } = await client.create();
      const reading = other.client.read(body.id, { wait: 20 });
      const opening = client.read(body.id, { wait: 20 });
      await expectHeld(1);
      await testApp.cas.clearFaults();
      const [here, there] = await Promise.all([opening, reading]);
      expect([here.body.status, there.body.status]).toEqual(['ready', 'ready']);
      expect(there.body).toEqual(here.body);
      const [row] = await testApp.database.rows<{ since: number }>(
        `SELECT (1000 * extract(epoch FROM clock_timestamp() - ready_at))::float8 AS since FROM sessions WHERE id = $1`,
        [body.id],
      );
      delays.push(row?.since ?? NaN);
    }
    // The net re-reads once a second: only events make most of them faster than this.
    expect(delays.sort((a, b) => a - b)[3]).toBeLessThan(300);
  });

  it('is answered when the session fails', async () => {
    await testApp.cas.fault({ kind: 'status', status: 403, delayMs: 200 });
    const { reply, ms } = await timed(other.client.openRoom('fails', { wait: 20 }));
    expect([reply.status, reply.body.failure?.code]).toEqual([200, 'cas-credentials-rejected']);
    expect(ms).toBeLessThan(200 + SLACK_MS + 1000);
  });

  it('is answered in time when nothing happens: 202 to an opener, 200 to a reader', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const opened = await timed(client.openRoom('hangs', { wait: 1 }));
    expect(opened.reply.status).toBe(202);
    const { id } = opened.reply.body;
    const read = await timed(client.read(id, { wait: 1 }));
    const readRoom = await timed(client.readRoom('hangs', { wait: 1 }));
    const again = await timed(client.openRoom('hangs', { wait: 1 }));
    expect([read.reply.status, readRoom.reply.status, again.reply.status]).toEqual([200, 200, 202]);
    for (const { reply, ms } of [opened, read, readRoom, again]) {
      expect(reply.body.status).toBe('pending');
      expect(reply.headers['retry-after']).toBe('1');
      expect(reply.headers['preference-applied']).toBe('wait=1');
      expect(ms).toBeGreaterThanOrEqual(950);
      expect(ms).toBeLessThan(1000 + SLACK_MS);
    }
  });

  it('does not hold what is settled, nor for a wait of 0', async () => {
    const ready = await client.create({ wait: 10 });
    expect((await timed(client.read(ready.body.id, { wait: 30 }))).ms).toBeLessThan(SLACK_MS);
    await testApp.cas.fault({ kind: 'hang' });
    const { reply, ms } = await timed(client.create({ wait: 0 }));
    expect([reply.status, reply.headers['preference-applied']]).toEqual([202, 'wait=0']);
    expect(ms).toBeLessThan(SLACK_MS);
  });

  it('is one of many that all get the same answer from one look', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const { body } = await client.openRoom('many');
    const waiting = Array.from({ length: 40 }, (_, i) => (i % 2 ? client : other.client).read(body.id, { wait: 20 }));
    await expectHeld(1);
    await testApp.cas.clearFaults();
    const replies = await Promise.all(waiting);
    expect(new Set(replies.map((reply) => reply.text)).size).toBe(1);
    expect(replies[0]?.body.status).toBe('ready');
  });
});

describe('a request that re-opens a failed session', () => {
  it('is not answered with the failure that another look saw before', async () => {
    const gateway = await testApp.startGateway();
    const [feed, sessions] = [gateway.app.get(SessionWatcher), gateway.app.get(SessionsRepository)];
    await testApp.cas.fault({ kind: 'hang' });
    const { body } = await gateway.client.openRoom('re-opened');
    await testApp.database.rows(
      `UPDATE sessions SET status = 'failed', failure_code = 'cas-unavailable', version = 2, ended_at = now()
       WHERE id = $1`,
      [body.id],
    );

    const failed = await sessions.find(body.id);
    expect(failed?.status).toBe('failed');

    // Another client watches it, and the reply to its read is delayed until the other request waits.
    const looked = Promise.withResolvers<undefined>();
    const waiting = Promise.withResolvers<undefined>();
    const findMany = sessions.findMany.bind(sessions);
    sessions.findMany = async (ids) => {
      const found = await findMany(ids);
      looked.resolve(undefined);
      await waiting.promise;
      return found;
    };
    const watch = feed.watch.bind(feed);
    if (failed !== null) watch(failed, () => undefined);
    await looked.promise;
    feed.watch = (...from) => {
      waiting.resolve(undefined);
      return watch(...from);
    };

    const again = gateway.client.openRoom('re-opened', { wait: 10 });
    await waiting.promise;
    await testApp.cas.clearFaults();
    expect((await again).body).toMatchObject({ id: body.id, status: 'ready' });
  });
});

describe('a gateway', () => {
  const pending = async () => {
    await testApp.cas.fault({ kind: 'hang' });
    return (await client.create()).body.id;
  };

  it('that holds as many requests as it may answers the next at once', async () => {
    const small = await testApp.startGateway({ MAX_WAITS: '2' });
    const id = await pending();
    const reads = await Promise.all(Array.from({ length: 10 }, () => timed(small.client.read(id, { wait: 2 }))));
    for (const { reply } of reads) {
      expect([reply.status, reply.body.status, reply.headers['retry-after']]).toEqual([200, 'pending', '1']);
    }
    expect(reads.filter(({ ms }) => ms >= 1950)).toHaveLength(2);
    expect(reads.filter(({ ms }) => ms < SLACK_MS)).toHaveLength(8);
    // There is room again.
    const { ms } = await timed(small.client.read(id, { wait: 1 }));
    expect(ms).toBeGreaterThanOrEqual(950);
  });

  it('that hears no events any more answers by looking again every second', async () => {
    const deaf = await testApp.startGateway();
    await deaf.app.get(SessionEvents).onModuleDestroy();
    const id = await pending();
    const reading = deaf.client.read(id, { wait: 20 });
    await expectHeld(1);
    await testApp.cas.clearFaults();
    const { reply, ms } = await timed(reading);
    expect(reply.body.status).toBe('ready');
    expect(ms).toBeLessThan(1000 + SLACK_MS);
  });

  it('whose LISTEN is ended over and over answers in time', async () => {
    const id = await pending();
    const reading = timed(client.read(id, { wait: 20 }));
    const runningOut = timed(client.read(id, { wait: 2 }));
    const over = new AbortController();
    const terminator = (async () => {
      while (!over.signal.aborted) {
        await testApp.database.rows(
          `SELECT pg_terminate_backend(pid), pg_sleep(0.02) FROM pg_stat_activity
           WHERE application_name = 'session-events' AND datname = current_database()`,
        );
      }
    })();
    const out = await runningOut;
    expect(out.reply.body.status).toBe('pending');
    expect(out.ms).toBeLessThan(2000 + SLACK_MS);
    await testApp.cas.clearFaults();
    expect((await reading).reply.body.status).toBe('ready');
    over.abort();
    await terminator;
  });

  it('that shuts down answers what it holds with the state as it is', async () => {
    const leaving = await testApp.startGateway();
    const id = await pending();
    const held = timed(leaving.client.read(id, { wait: 30 }));
    const opened = timed(leaving.client.openRoom('leaving', { wait: 30 }));
    await eventually(async () => {
      expect(await testApp.database.rows(`SELECT 1 FROM sessions WHERE room = 'leaving'`)).toHaveLength(1);
    });
    const start = performance.now();
    await leaving.close();
    // Kept-alive connections do not hold it up.
    expect(performance.now() - start).toBeLessThan(4000);
    testApp.gateways.pop();
    const [read, open] = await Promise.all([held, opened]);
    expect([read.reply.status, read.reply.body.status]).toEqual([200, 'pending']);
    expect([open.reply.status, open.reply.body.status]).toEqual([202, 'pending']);
    for (const { ms } of [read, open]) expect(ms).toBeLessThan(10_000);
  });

  it('that shuts down waits for no connection on which nothing was asked', async () => {
    const leaving = await testApp.startGateway();
    const socket = connect(Number(new URL(leaving.url).port), '127.0.0.1');
    await once(socket, 'connect');
    const start = performance.now();
    await leaving.close();
    testApp.gateways.pop();
    expect(performance.now() - start).toBeLessThan(8000);
    socket.destroy();
  });
});
