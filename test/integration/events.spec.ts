import { SettingsModule } from '@app/config';
import { EventsModule, SessionEvents, type SessionEventsListener } from '@app/events';
import { encodeSessionEvents, newSessionId, SESSION_EVENTS_CHANNEL } from '@app/kernel';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { cloneDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startTcpProxy, type TcpProxy, viaProxy } from '../support/tcp-proxy.js';

class Recorder implements SessionEventsListener {
  readonly ids: string[] = [];
  missedTimes = 0;

  changed(ids: readonly string[]): void {
    this.ids.push(...ids);
  }

  missed(): void {
    this.missedTimes++;
  }
}

let database: TestDatabase;
let proxy: TcpProxy;
let module: TestingModule;
let events: SessionEvents;
let recorder: Recorder;

beforeAll(async () => {
  database = await cloneDatabase();
});
afterAll(async () => {
  await eventually(() => expectNobody());
  await database.drop();
});
beforeEach(async () => {
  proxy = await startTcpProxy(database.url);
  module = await Test.createTestingModule({
    imports: [SettingsModule.with({ database: { url: viaProxy(database.url, proxy) } }), EventsModule],
  })
    .setLogger({ log: () => undefined, warn: () => undefined, error: () => undefined })
    .compile();
  events = module.get(SessionEvents);
  recorder = new Recorder();
  events.subscribe(recorder);
  await module.init();
  await expectUp();
});
afterEach(async () => {
  await module.close();
  await proxy.close();
});

const announce = (...ids: string[]) =>
  Promise.all(
    encodeSessionEvents(ids).map((payload) =>
      database.rows('SELECT pg_notify($1, $2)', [SESSION_EVENTS_CHANNEL, payload]),
    ),
  );

const expectUp = (deadlineMs?: number) =>
  eventually(() => {
    expect(events.isUp).toBe(true);
  }, deadlineMs);

const listening = () =>
  database.rows<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'session-events' AND datname = current_database()`,
  );

async function expectNobody(): Promise<void> {
  expect(await listening()).toEqual([]);
}

async function expectArrival(): Promise<void> {
  const id = newSessionId();
  await announce(id);
  await eventually(() => {
    expect(recorder.ids).toContain(id);
  });
}

describe('session events', () => {
  it('arrive, however many at once, each id once and in order', async () => {
    const ids = Array.from({ length: 1000 }, newSessionId);
    await announce(...ids);
    await eventually(() => {
      expect([...recorder.ids].sort()).toEqual([...ids].sort());
    });
  });

  it('arrive from a transaction when it is committed and not before', async () => {
    const id = newSessionId();
    const client = await database.pool.connect();
    await client.query('BEGIN');
    await client.query('SELECT pg_notify($1, $2)', [SESSION_EVENTS_CHANNEL, id]);
    // Another event overtakes it.
    await expectArrival();
    expect(recorder.ids).not.toContain(id);
    await client.query('COMMIT');
    client.release();
    await eventually(() => {
      expect(recorder.ids).toContain(id);
    });
  });

  it('come over one connection, and begin with a look at everything', async () => {
    expect(await listening()).toHaveLength(1);
    expect(recorder.missedTimes).toBe(1);
  });

  it('are told to every listener', async () => {
    const other = new Recorder();
    events.subscribe(other);
    await expectArrival();
    expect(other.ids).toEqual(recorder.ids);
  });

  it('keep coming after the server has ended the connection, and say that some were missed', async () => {
    const [old] = await listening();
    await database.rows('SELECT pg_terminate_backend($1)', [old?.pid]);
    await eventually(() => {
      expect(recorder.missedTimes).toBe(2);
    });
    await expectUp();
    await expectArrival();
    const [now] = await listening();
    expect(now?.pid).not.toBe(old?.pid);
  });

  it('keep coming after the connection was cut on its way', async () => {
    proxy.cut();
    await eventually(() => {
      expect(recorder.missedTimes).toBe(2);
    });
    await expectArrival();
  });

  it('are known to have stopped when the connection falls silent, and come again when it can be made anew', async () => {
    proxy.pause();
    // One heartbeat every 2 s, 2 s for its way back.
    await eventually(() => {
      expect(events.isUp).toBe(false);
    }, 6000);
    expect(recorder.missedTimes).toBe(1);
    const lost = newSessionId();
    await announce(lost);
    proxy.resume();
    await expectUp();
    expect(recorder.missedTimes).toBe(2);
    expect(recorder.ids).not.toContain(lost);
    await expectArrival();
  });

  it('do not take the heartbeat of another process for their own, nor for an event', async () => {
    const before = [...recorder.ids];
    await database.rows(`NOTIFY heartbeat_of_another_process`);
    await expectArrival();
    expect(recorder.ids).toHaveLength(before.length + 1);
  });

  it('end with the process, at once, also while nothing answers', async () => {
    proxy.pause();
    const start = performance.now();
    await module.close();
    expect(performance.now() - start).toBeLessThan(4000);
    await eventually(() => {
      expect(proxy.connections()).toBe(0);
    });
  });
});
