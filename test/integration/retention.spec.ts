import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

describe('what does not stay', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open({ tokenTtlS: 3, env: { RETENTION_S: '3600' } });
  });
  afterAll(() => testApp.end());

  const sealed = (id: string) => testApp.database.rows('SELECT sealed FROM session_tokens WHERE session_id = $1', [id]);

  it('a token is unreadable the moment its session expires, and erased within 5 s', async () => {
    const { body } = await testApp.client.openRoom('short', { wait: 10 });
    const expiry = new Date(String(body.expiresAt)).getTime();
    await eventually(async () => {
      expect((await testApp.client.read(body.id)).body).toMatchObject({ code: 'session-expired' });
    });
    await eventually(async () => {
      expect(await sealed(body.id)).toEqual([{ sealed: null }]);
    });
    expect(Date.now() - expiry).toBeLessThan(5000);
    const [row] = await testApp.database.rows<{ status: string }>('SELECT status FROM sessions WHERE id = $1', [
      body.id,
    ]);
    expect(row?.status).toBe('expired');
  });

  it('a token is erased in the transaction that closes its session', async () => {
    const { body } = await testApp.client.openRoom('closed', { wait: 10 });
    await testApp.client.close(body.id);
    expect(await sealed(body.id)).toEqual([{ sealed: null }]);
  });

  it('closed, expired and failed sessions go after the configured time, live ones never', async () => {
    const ids: Record<string, string> = {};
    for (const room of ['old-closed', 'old-failed', 'young-closed', 'old-pending']) {
      ids[room] = (await testApp.client.openRoom(room)).body.id;
    }
    await testApp.client.close(ids['old-closed'] ?? '');
    await testApp.client.close(ids['young-closed'] ?? '');
    await testApp.database.rows(
      `UPDATE sessions SET status = 'failed', failure_code = 'cas-rejected', ended_at = now() - interval '2 hours' WHERE id = $1`,
      [ids['old-failed']],
    );
    await testApp.database.rows(`UPDATE sessions SET ended_at = now() - interval '2 hours' WHERE id = $1`, [
      ids['old-closed'],
    ]);
    await testApp.database.rows(`UPDATE sessions SET created_at = now() - interval '2 days' WHERE id = $1`, [
      ids['old-pending'],
    ]);
    await eventually(async () => {
      const kept = await testApp.database.rows<{ id: string }>('SELECT id FROM sessions WHERE id = ANY($1)', [
        Object.values(ids),
      ]);
      expect(new Set(kept.map((row) => row.id))).toEqual(new Set([ids['young-closed'], ids['old-pending']]));
    });
    expect((await testApp.client.read(ids['old-closed'] ?? '')).status).toBe(404);
  });

  it('an idempotency key is forgotten after 24 h, and means a new session then', async () => {
    const first = await testApp.client.create({ key: 'daily' });
    await testApp.database.rows(
      `UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'daily'`,
    );
    const other = await testApp.client.create({ key: 'daily', body: { metadata: { day: 2 } } });
    expect(other.status).toBe(202);
    expect(other.body.id).not.toBe(first.body.id);
    await testApp.database.rows(
      `UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'daily'`,
    );
    await eventually(async () => {
      expect(await testApp.database.rows(`SELECT 1 FROM idempotency_keys WHERE key = 'daily'`)).toEqual([]);
    });
  });
});

describe('a crowd of sessions that end together', () => {
  it('is swept to the last one without a pause', async () => {
    const testApp = await TestApp.open({ worker: false, env: { SWEEP_EVERY_MS: '60000' } });
    try {
      await testApp.database.rows(`
        WITH made AS (
          INSERT INTO sessions (id, generation, status, products, created_by, ready_at, expires_at, deadline_at, due_at)
          SELECT 'ses_' || lpad(n::text, 22, '0'), 1, 'ready', '{stream}', 'key:test', now(), now(), now(), now()
          FROM generate_series(1, 2500) n RETURNING id
        )
        INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at)
        SELECT id, 'stream', 'sealed', 'k1', now() FROM made`);
      await testApp.startWorker();
      await eventually(async () => {
        expect(
          await testApp.database.rows('SELECT count(*)::int FROM session_tokens WHERE sealed IS NOT NULL'),
        ).toEqual([{ count: 0 }]);
      });
    } finally {
      await testApp.end();
    }
  });
});
