import { Database, PublishingRepository, SessionsRepository } from '@app/entities';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/test-app.js';

const session = { products: ['stream' as const], metadata: {}, createdBy: 'key:test', deadlineS: 600 };
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('writes that share statements', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
    await testApp.startGateway();
  });
  afterAll(() => testApp.end());

  it('of two gateways that open the same rooms in opposite order make one session per room, and no request fails', async () => {
    const rooms = numbers(300).map((n) => `opposite ${String(n).padStart(3, '0')}`);
    const [one, other] = testApp.gateways;
    if (one === undefined || other === undefined) throw new Error('there are not two gateways');
    const opened = await Promise.all([
      ...rooms.map((room) => one.client.openRoom(room)),
      ...[...rooms].reverse().map((room) => other.client.openRoom(room)),
    ]);
    expect(opened.map(({ status }) => status).filter((status) => status !== 202)).toEqual([]);
    const ids = new Map(opened.map(({ body }) => [body.room, body.id]));
    expect(ids.size).toBe(rooms.length);
    expect(opened.every(({ body }) => ids.get(body.room) === body.id)).toBe(true);
    const audited = await testApp.database.rows<{ count: number }>(
      `SELECT count(*)::int AS count FROM audit_entries WHERE action = 'create' AND session_id = ANY($1)`,
      [[...ids.values()]],
    );
    expect(audited).toEqual([{ count: rooms.length }]);
  });

  it('are not harmed by one of them that the database refuses', async () => {
    const sessions = testApp.gateway.app.get(SessionsRepository);
    const before = await testApp.sessions();
    const results = await Promise.allSettled(
      numbers(200).map((n) => sessions.create(n === 77 ? { ...session, deadlineS: Number.NaN } : session)),
    );
    expect(results.map(({ status }, n) => [n, status]).filter(([, status]) => status !== 'fulfilled')).toEqual([
      [77, 'rejected'],
    ]);
    expect(await testApp.sessions()).toBe(before + 199);
  });

  it('leave nothing behind if one that was sent with them fails, and their connection serves the next ones', async () => {
    const database = testApp.gateway.app.get(Database);
    const insert = `INSERT INTO audit_entries (id, at, actor, action, session_id, count) VALUES (gen_random_uuid(), now(), $1, 'create', 'ses_x', 1)`;
    const sent = (...last: readonly [sql: string, parameters?: unknown[]]) =>
      database.transactionOf([insert, ['key:together']], ['SET LOCAL enable_seqscan = off'], last);
    const written = () => database.query('SELECT FROM audit_entries WHERE actor = $1', ['key:together']);

    await expect(sent('SELECT 1 / $1::int', [0])).rejects.toThrow('division by zero');
    await expect(sent('SELECT no_such_column')).rejects.toThrow('no_such_column');
    expect(await written()).toEqual([]);

    expect(await sent(`SELECT current_setting('enable_seqscan') AS seqscan`)).toEqual([{ seqscan: 'off' }]);
    expect(await written()).toHaveLength(1);
    expect(await database.query(`SELECT current_setting('enable_seqscan') AS seqscan`)).toEqual([{ seqscan: 'on' }]);
  });

  it('publish every session once, whatever else is in the batch', async () => {
    const sessions = testApp.gateway.app.get(SessionsRepository);
    const publishing = testApp.gateway.app.get(PublishingRepository);
    const ids = await Promise.all(numbers(100).map(async () => (await sessions.create(session)).session.id));
    const expiresAt = new Date(Date.now() + 600_000);
    const token = (id: string, run: number) => ({
      product: 'stream' as const,
      sealed: `${id}/${String(run)}`,
      keyId: 'k1',
      expiresAt,
    });
    // Two runs of each session at once, a closed one, and one that does not exist.
    await sessions.close(ids[3] ?? '', 'key:test');
    const all = [...ids, 'ses_00000000000000000000000000'];
    const [first, second] = await Promise.all(
      [1, 2].map((run) =>
        Promise.all(all.map((id) => publishing.publish(id, { endpoint: 'cas', tokens: [token(id, run)] }))),
      ),
    );
    all.forEach((id, n) => {
      const [a, b] = [first?.[n], second?.[n]];
      const published = (a?.published.length ?? 0) + (b?.published.length ?? 0);
      const readied = [a, b].filter((one) => one?.readyAfterMs !== null).length;
      const lost = n === 3 || n === 100;
      expect([id, published, readied]).toEqual([id, lost ? 0 : 1, lost ? 0 : 1]);
      expect((a?.discarded.length ?? 0) + (b?.discarded.length ?? 0)).toBe(lost ? 2 : 1);
    });
    const states = await testApp.database.rows(
      `SELECT status, count(*)::int AS count FROM sessions WHERE id = ANY($1) GROUP BY status ORDER BY status`,
      [ids],
    );
    expect(states).toEqual([
      { status: 'closed', count: 1 },
      { status: 'ready', count: 99 },
    ]);
  });
});
