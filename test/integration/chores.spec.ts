import { newSessionId } from '@app/kernel';
import { Health, Metrics } from '@app/observability';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

describe('the chores of a worker', () => {
  let testApp: TestApp;
  let worker: INestApplicationContext;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false, env: { SWEEP_EVERY_MS: '200', DATABASE_TIMEOUT_MS: '500' } });
    worker = await testApp.startWorker();
  });
  afterEach(async () => {
    await testApp.database.rows('DROP FUNCTION IF EXISTS refuse CASCADE');
  });
  afterAll(() => testApp.end());

  async function metric(name: string, chore: string, outcome?: string): Promise<number> {
    const text = await worker.get(Metrics, { strict: false }).registry.metrics();
    const labels = `{chore="${chore}"${outcome === undefined ? '' : `,outcome="${outcome}"`}}`;
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}${labels} `));
    return Number(line?.split(' ').at(-1));
  }

  const logged = (words: string) => testApp.log.filter(({ msg }) => msg.includes(words));

  /** Every statement that deletes from this table fails. */
  async function breakPurgeOf(table: string): Promise<void> {
    await testApp.database.rows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = 'disk_full'; END $$`);
    await testApp.database.rows(
      `CREATE TRIGGER refuse BEFORE DELETE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION refuse()`,
    );
  }

  /** A pending session whose job was lost, another past its deadline, and a ready one past its expiry. */
  async function insertWork(): Promise<{ lost: string; overdue: string; expired: string }> {
    const ids = { lost: newSessionId(), overdue: newSessionId(), expired: newSessionId() };
    await testApp.database.rows(
      `WITH made AS (
         INSERT INTO sessions (id, generation, status, products, created_by, ready_at, expires_at, deadline_at, due_at)
         VALUES ($1, 1, 'pending', '{stream}', 'key:x', NULL, NULL, now() + interval '1 hour', now()),
                ($2, 1, 'pending', '{stream}', 'key:x', NULL, NULL, now(), now()),
                ($3, 1, 'ready', '{stream}', 'key:x', now(), now(), now(), now()))
       INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at) VALUES ($3, 'stream', 'x', 'k1', now())`,
      [ids.lost, ids.overdue, ids.expired],
    );
    return ids;
  }

  async function expectDone({ lost, overdue, expired }: { lost: string; overdue: string; expired: string }) {
    await eventually(async () => {
      const rows = await testApp.database.rows<{ id: string; status: string }>(
        `SELECT id, status FROM sessions s WHERE id = ANY($1)
           AND (status <> 'expired' OR NOT EXISTS (SELECT FROM session_tokens WHERE session_id = s.id AND sealed IS NOT NULL))`,
        [[lost, overdue, expired]],
      );
      expect(new Map(rows.map(({ id, status }) => [id, status]))).toEqual(
        new Map([
          [lost, 'ready'],
          [overdue, 'failed'],
          [expired, 'expired'],
        ]),
      );
    }, 5000);
  }

  it.each([
    ['sessions', 'purge-sessions'],
    ['idempotency_keys', 'purge-idempotency-keys'],
    ['audit_entries', 'purge-audit'],
  ])(
    'go on while deleting from %s fails; the failure of %s is logged once, counted, and over when it is',
    async (table, chore) => {
      await breakPurgeOf(table);
      const before = await metric('maintenance_runs_total', chore, 'failed');
      await eventually(async () => {
        expect(await metric('maintenance_runs_total', chore, 'failed')).toBeGreaterThanOrEqual(before + 3);
      });
      const stale = await metric('maintenance_last_success_seconds', chore);
      await expectDone(await insertWork());
      expect(await metric('maintenance_last_success_seconds', chore)).toBe(stale);
      expect(await metric('maintenance_last_success_seconds', 'expire')).toBeGreaterThan(Date.now() / 1000 - 5);
      expect(await worker.get(Health, { strict: false }).failingLive()).toEqual([]);

      await testApp.database.rows('DROP FUNCTION refuse CASCADE');
      await eventually(() => {
        expect(logged(`maintenance chore ${chore} works again`)).toHaveLength(1);
      });
      expect(logged(`maintenance chore ${chore} fails`)).toMatchObject([
        { level: 40, chore, msg: expect.stringContaining('(the server is out of disk or memory, 53100)') },
      ]);
      expect(await metric('maintenance_last_success_seconds', chore)).toBeGreaterThan(stale);
    },
  );

  it('go on while one of them waits for a lock until its time is over', async () => {
    const holder = await testApp.database.pool.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE');
      await eventually(() => {
        // The server's time limit and the client's are equal: either may be the first.
        expect(
          logged('purge-idempotency-keys fails').filter(({ msg }) => /57014|no response in time/.test(msg)),
        ).toHaveLength(1);
      });
      await expectDone(await insertWork());
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
  });

  it('count a session that failed at its deadline, with the code of its last failure', async () => {
    const failed = async (code: string) => {
      const text = await worker.get(Metrics, { strict: false }).registry.metrics();
      return Number(new RegExp(`sessions_failed_total\\{code="${code}"\\} (\\d+)`).exec(text)?.[1]);
    };
    const before = [await failed('deadline-exceeded'), await failed('cas-unavailable')];
    await testApp.database.rows(
      `INSERT INTO sessions (id, generation, status, products, created_by, deadline_at, due_at, failure_code)
       VALUES ($1, 1, 'pending', '{stream}', 'key:x', now(), now() + interval '1 hour', NULL),
              ($2, 1, 'pending', '{stream}', 'key:x', now(), now() + interval '1 hour', 'cas-unavailable')`,
      [newSessionId(), newSessionId()],
    );
    await eventually(async () => {
      expect([await failed('deadline-exceeded'), await failed('cas-unavailable')]).toEqual(before.map((n) => n + 1));
    });
  });
});

describe('a session past its deadline that a request finds before any worker', () => {
  it.each([
    ['opening its room', (testApp: TestApp, _id: string) => testApp.client.openRoom('overdue')],
    ['retrying it', (testApp: TestApp, id: string) => testApp.client.retry(id)],
  ])('is counted by the gateway: %s', async (_what, request) => {
    const testApp = await TestApp.open({ worker: false });
    try {
      const { id } = (await testApp.client.openRoom('overdue')).body;
      await testApp.database.rows('UPDATE sessions SET deadline_at = now() WHERE id = $1', [id]);
      expect((await request(testApp, id)).status).toBe(202);
      const metrics = await testApp.gateway.app.get(Metrics, { strict: false }).registry.metrics();
      expect(metrics).toContain('sessions_failed_total{code="deadline-exceeded"} 1');
      expect(metrics).toContain('sessions_failed_total{code="cas-unavailable"} 0');
    } finally {
      await testApp.end();
    }
  });
});
