import { randomBytes } from 'node:crypto';
import {
  FailedSessionsRepository,
  PoolRepository,
  ProcessesRepository,
  PacingRepository,
  PublishingRepository,
  SeatsRepository,
  SessionCountsRepository,
  SessionsRepository,
  SweepingRepository,
  TimelineRepository,
  WebhookDeliveriesRepository,
} from '@app/entities';
import { newSessionId } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chores } from '../../apps/worker/src/sweep/chores.js';
import { chatOf } from '../support/chat.js';
import { runCommand } from '../support/cli.js';
import { FILL_CHAT_TOKENS, FILL_LARGE_TABLES, FILL_LIVE_SESSIONS } from '../support/large-tables.js';
import { rowsRead, scannedTables, type Statement, statementsOf } from '../support/statements.js';
import { TestApp } from '../support/test-app.js';

const LARGE = [
  ...['sessions', 'session_tokens', 'audit_entries', 'idempotency_keys', 'seats'],
  ...['webhook_deliveries', 'webhook_attempts'],
];

interface Page {
  items: { id: string }[];
  nextCursor: string | null;
}

/** I7: what a request, a job or a chore costs depends on what it touches, not on how much is stored. */
describe('with 300,000 sessions that have ended', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
    await testApp.database.rows(FILL_LARGE_TABLES);
    await testApp.database.rows(FILL_LIVE_SESSIONS);
  }, 120_000);
  afterAll(() => testApp.end());

  const service = <T>(type: new (...of: never[]) => T): T => testApp.gateway.app.get(type);

  /** Runs it, and asks Postgres how it reads the tables for each statement that was really sent. */
  async function expectIndexed(tables: string[], work: () => Promise<unknown>): Promise<void> {
    const statements = await statementsOf(work);
    const sent = statements.filter(({ sql }) => tables.some((table) => sql.includes(table)));
    expect(sent.length).toBeGreaterThan(0);
    const scanned = await Promise.all(
      sent.map(async (statement) => ({ statement, tables: await scannedTables(testApp.database, statement) })),
    );
    expect(scanned.filter((one) => one.tables.some((table) => LARGE.includes(table)))).toEqual([]);
    expect(sent.filter(usesVolatileTime)).toEqual([]);
  }

  const usesVolatileTime = ({ sql }: Statement) => sql.includes('clock_timestamp');

  const allChores = () => {
    const queue = { add: () => Promise.resolve() };
    const work = {
      sweeping: service(SweepingRepository),
      seats: service(SeatsRepository),
      deliveries: service(WebhookDeliveriesRepository),
      processes: service(ProcessesRepository),
      pool: service(PoolRepository),
      onDiscarded: ({ old, 'short-lived': shortLived }: Record<'old' | 'short-lived', number>) => old + shortLived,
    };
    return chores(
      { ...work, queue, webhooks: queue },
      {
        sweepEveryMs: 2500,
        retentionS: 1_000_000,
        auditRetentionS: 1_000_000,
        expiryNoticeS: 600,
        webhookRetentionS: 1_000_000,
        pool: { minLifeS: 600, maxAgeS: 3600 },
      },
    );
  };

  /** More than any batch of sessions and what belongs to it, much less than what is live. */
  const FEW = 5000;

  async function urgentChores(): Promise<void> {
    for (const name of ['free-lapsed-seats', 'announce-expiry', 'expire', 'fail-overdue', 're-enqueue']) {
      const chore = allChores().find((one) => one.name === name);
      expect([name, await chore?.runBatch()]).toEqual([name, chore?.batch]);
    }
  }

  /** The planner believes that nothing is pending or ready: it would read all of an index that seems to be empty. */
  it.each<[string, () => Promise<unknown>]>([
    ['batches of chores', urgentChores],
    ['requests and a job', () => requests('live 9999')],
    ['a page of sessions seen as failed', () => read('/v1/sessions?status=failed')],
    ['a page of a room', () => read('/v1/sessions?room=live%209&status=expired')],
  ])('and statistics from before the kick-off, %s read few of the live sessions', async (_what, work) => {
    const sent = (await statementsOf(work)).filter(({ sql }) => LARGE.some((table) => sql.includes(table)));
    expect(sent.length).toBeGreaterThan(0);
    const counted = [];
    for (const statement of sent.filter(isRepeatable)) {
      counted.push({ statement, rows: await rowsRead(testApp.database, statement) });
    }
    expect(counted.filter(({ rows }) => rows > FEW)).toEqual([]);
  });

  /**
   * An insert would meet its own row. The gateway counts the pending sessions once a second, and those of each state up to
   * 20,000 every 5 s, whatever else goes on.
   */
  const isRepeatable = ({ sql }: Statement) =>
    !/INSERT INTO (?!webhook_)/.test(sql) && !sql.includes('AS creator') && !sql.includes('"firstDeadlineAt"');

  it('is analyzed, with chat tokens newer than every session', async () => {
    await testApp.database.rows(FILL_CHAT_TOKENS);
    await testApp.database.rows('ANALYZE sessions, session_tokens, seats');
  });

  it.each([
    'purge-idempotency-keys',
    'purge-audit',
    'purge-sessions',
    're-enqueue',
    'free-lapsed-seats',
    'announce-expiry',
    'expire',
    'fail-overdue',
    'purge-webhooks',
  ])('the chore %s finds its rows by an index', async (name) => {
    // One more, of processes: there are never more rows than processes of a day.
    expect(allChores()).toHaveLength(12);
    const chore = allChores().find((one) => one.name === name);
    await expectIndexed(LARGE, async () => {
      expect(await chore?.runBatch()).toBeGreaterThan(0);
    });
  });

  /** Two pages, the second one by its cursor. */
  async function read(path: string): Promise<void> {
    const first = await testApp.client.send<Page>('GET', path);
    expect(first.status).toBe(200);
    if (first.body.nextCursor === null) return;
    const glue = path.includes('?') ? '&' : '?';
    const second = await testApp.client.send('GET', `${path}${glue}cursor=${first.body.nextCursor}`);
    expect(second.status).toBe(200);
  }

  it.each([
    ...['', '?limit=200', '?room=room%207'],
    ...['pending', 'ready', 'failed', 'closed', 'expired'].map((status) => `?status=${status}`),
    ...['pending', 'ready', 'failed', 'closed', 'expired'].map((status) => `?status=${status}&room=room%207`),
  ])('GET /v1/sessions%s reads an index in its order', async (query) => {
    await expectIndexed(['sessions'], () => read(`/v1/sessions${query}`));
  });

  it.each(['', '?status=ready', '?status=expired', '?status=closed'])(
    'GET /v1/sessions%s passes over 40,000 chat tokens without reading their rows',
    async (query) => {
      const sent = (await statementsOf(() => read(`/v1/sessions${query}`))).filter(({ sql }) =>
        sql.includes('sessions'),
      );
      expect(sent.length).toBeGreaterThan(0);
      for (const statement of sent.filter(isRepeatable)) {
        expect(await rowsRead(testApp.database, statement)).toBeLessThan(FEW);
      }
    },
  );

  it('chat tokens touch their user alone', async () => {
    const chat = chatOf(testApp.client);
    await expectIndexed(LARGE, async () => {
      expect((await chat.put('someone new')).status).toBe(202);
      expect((await chat.put('user 7')).status).toBe(202);
      expect((await chat.get('user 7')).status).toBe(200);
      expect((await chat.end('user 7')).status).toBe(204);
      expect((await chat.put('user 7')).status).toBe(202);
    });
  });

  const session = `ses_${'7'.padStart(22, '0')}`;
  const user = encodeURIComponent('user:https://login.example.com#u7');
  const from = new Date(Date.now() - 86_400_000).toISOString();

  it.each([
    ...['', '?actor=key:backend', `?actor=${user}`, `?session=${session}`, `?from=${from}`],
    ...[`?actor=key:backend&from=${from}`, `?session=${session}&from=${from}`, `?session=${session}&actor=${user}`],
  ])('GET /v1/audit%s reads an index in its order', async (query) => {
    await expectIndexed(['audit_entries'], () => read(`/v1/audit${query}`));
  });

  it('webhooks are delivered, listed and replayed by an index', async () => {
    const deliveries = service(WebhookDeliveriesRepository);
    const [endpoint = ''] = await deliveries.dueEndpoints();
    await expectIndexed(['webhook_deliveries', 'webhook_attempts'], async () => {
      expect(await deliveries.dueEndpoints()).toEqual([endpoint]);
      expect(await deliveries.oldestDueS()).toBeGreaterThan(0);
      const [claimed] = await deliveries.claim(endpoint, 8, 20);
      const attempt = {
        id: claimed?.id ?? '',
        endpointId: endpoint,
        url: claimed?.url ?? '',
        lease: claimed?.lease ?? '',
        durationMs: 1,
        status: 204,
        error: null,
        reply: '',
      };
      await deliveries.settle({ ...attempt, outcome: 'delivered', waitS: 0, gone: false });
      const path = `/v1/webhooks/${endpoint}`;
      for (const query of ['', '?status=failed', '?status=delivered']) await read(`${path}/deliveries${query}`);
      await testApp.client.send('POST', `${path}/replay`, { body: { since: new Date().toISOString() } });
      await testApp.client.send('POST', `${path}/replay`, { body: { since: new Date().toISOString(), only: 'all' } });
      await testApp.client.send('POST', `${path}/deliveries/${claimed?.id ?? ''}/replay`);
    });
  });

  it('gauges and limits read the rows that they are about', async () => {
    await expectIndexed(['sessions'], async () => {
      expect(await service(SweepingRepository).oldestPendingS()).toBeGreaterThan(0);
      expect(await service(SweepingRepository).oldestOverdueS()).toBeGreaterThan(0);
      expect((await service(SweepingRepository).countLive()).ready).toBeGreaterThan(1000);
      expect(await service(PacingRepository).pendingCalls()).toBeGreaterThan(0);
      expect((await service(SessionsRepository).countPending(200_000, 10)).all).toBeGreaterThan(0);
    });
  });

  it('the console counts, lists, repairs and tells by an index', async () => {
    await expectIndexed(['sessions', 'audit_entries', 'webhook_deliveries'], async () => {
      expect((await service(SessionCountsRepository).count()).ready).toBeGreaterThan(1000);
      for (const code of ['cas-unavailable', null] as const) {
        const { before } = await service(FailedSessionsRepository).count({ code });
        await service(FailedSessionsRepository).next({ code, before }, 100);
      }
      const { sessions } = await service(SessionsRepository).list({
        ...{ status: 'failed', failureCode: 'cas-unavailable', limit: 50 },
      });
      expect(sessions).toHaveLength(50);
      expect(await service(TimelineRepository).find(sessions[0]?.id ?? '')).not.toBeNull();
    });
  });

  it('operators’ commands do as well', async () => {
    const TOKEN_ENCRYPTION_KEYS = ['k2', 'k1'].map((id) => `${id}:${randomBytes(32).toString('base64')}`).join();
    const env = { DATABASE_URL: testApp.database.url, TOKEN_ENCRYPTION_KEYS };
    await expectIndexed(['sessions', 'session_tokens'], async () => {
      expect((await runCommand(['doctor'], env)).text).toContain('1000 sessions failed or more');
      await runCommand(['sessions', 'list', '--status', 'failed'], env);
      await runCommand(['sessions', 'list', '--room', 'room 7'], env);
      expect((await runCommand(['redrive', '--code', 'cas-rejected'], env)).text).toContain('0 of 0 failed sessions');
      await runCommand(['reseal'], env);
    });
  });

  it('requests and jobs touch their session alone', async () => {
    await expectIndexed(LARGE, () => requests('room 7'));
  });

  async function requests(room: string): Promise<void> {
    const publishing = service(PublishingRepository);
    const { body } = await testApp.client.openRoom(room);
    await testApp.client.openRoom(room);
    await testApp.client.create({ key: 'once' });
    await publishing.task(body.id);
    await publishing.postpone(body.id, { waitMs: 1000, counted: true, code: 'cas-unavailable' });
    const token = { sealed: newSessionId(), keyId: 'k1', expiresAt: new Date(Date.now() + 60_000) };
    await publishing.release(body.id, null);
    await publishing.publish(body.id, { endpoint: 'cas', tokens: [{ ...token, product: 'stream' }] });
    await seats(body.id);
    await testApp.client.close(body.id);
    const next = await testApp.client.openRoom(room);
    await testApp.client.read(body.id);
    await publishing.fail(next.body.id, 'cas-unavailable');
    await testApp.client.retry(next.body.id);
    await testApp.client.openRoom(room);
  }

  async function seats(sessionId: string): Promise<void> {
    const repository = service(SeatsRepository);
    const caller = 'ticket:backend#anna';
    const limits = { maxParticipants: 16, maxOfCaller: 4 };
    const taking = { sessionId, name: 'Anna', role: 'participant', takenBy: caller, ...limits } as const;
    const taken = await repository.take(taking);
    expect([taken.outcome, (await repository.take(taking)).outcome]).toEqual(['taken', 'name-taken']);
    const { id } = taken.outcome === 'taken' ? taken.seat : { id: '' };
    expect((await repository.renew({ sessionId, id, caller, mayChangeAny: false })).outcome).toBe('renewed');
    await repository.renew({ sessionId, id, caller: 'key:another', mayChangeAny: false });
    await repository.list(sessionId, { limit: 50 });
    await repository.count([sessionId]);
    await repository.free({ sessionId, id, caller, mayChangeAny: false });
  }
});
