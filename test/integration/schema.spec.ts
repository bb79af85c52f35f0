import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { cloneDatabase, type TestDatabase } from '../support/database.js';
import { TestApp } from '../support/test-app.js';
import { eventually } from '../support/eventually.js';
import { Process } from '../support/process.js';

/** Documents, error tables and operators speak of these. */
const NAMES = [
  'api_keys_pkey',
  'audit_entries_action_known',
  'audit_entries_count_positive',
  'audit_entries_pkey',
  'idempotency_keys_pkey',
  'idempotency_keys_session_fkey',
  'seats_one_per_name',
  'seats_pkey',
  'seats_role_known',
  'seats_session_fkey',
  'session_tokens_pkey',
  'session_tokens_product_known',
  'session_tokens_session_fkey',
  'sessions_failed_has_code',
  'sessions_one_live_per_room',
  'sessions_one_per_generation',
  'sessions_pkey',
  'sessions_ready_has_expiry',
  'sessions_status_known',
  'sessions_unnamed_has_one_generation',
];

describe('the schema', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
  });
  afterAll(() => testApp.end());

  const insert = (columns: string, values: string) =>
    testApp.database.rows(
      `INSERT INTO sessions (id, generation, status, products, created_by, deadline_at, due_at, ${columns})
       VALUES ('ses_' || gen_random_uuid(), 1, 'pending', '{stream}', 'x', now(), now(), ${values})`,
    );

  it('is what the entities say', async () => {
    const { upQueries } = await testApp.gateway.app.get(DataSource).driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('has every rule under its name', async () => {
    const rows = await testApp.database.rows<{ name: string }>(`
      SELECT conname AS name FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND conrelid <> 'migrations'::regclass
      UNION SELECT indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
            WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND c.relname <> 'migrations'`);
    const names = rows.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(NAMES));
    // Names that Postgres or TypeORM made up would change with the next release of either.
    expect(names.filter((name) => /_[0-9a-f]{20,}$|_not_null$|_check\d*$/.test(name))).toEqual([]);
  });

  it('holds one live session per room', async () => {
    await insert('room', `'derby'`);
    await expect(insert('room', `'derby'`)).rejects.toMatchObject({ constraint: 'sessions_one_live_per_room' });
    await testApp.database.rows(`UPDATE sessions SET status = 'closed'`);
    await expect(insert('room', `'derby'`)).rejects.toMatchObject({ constraint: 'sessions_one_per_generation' });
    await insert('room', 'NULL');
    await insert('room', 'NULL');
  });

  it('holds one token per session and product', async () => {
    const [row] = await testApp.database.rows<{ id: string }>('SELECT id FROM sessions LIMIT 1');
    const publish = (product: string) =>
      testApp.database.rows(
        `INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at) VALUES ($1, $2, 'x', 'k', now())`,
        [row?.id, product],
      );
    await publish('stream');
    await expect(publish('stream')).rejects.toMatchObject({ constraint: 'session_tokens_pkey' });
    await expect(publish('video')).rejects.toMatchObject({ constraint: 'session_tokens_product_known' });
  });

  it.each([
    ['status', 'lost', 'sessions_status_known'],
    ['status', 'ready', 'sessions_ready_has_expiry'],
    ['status', 'failed', 'sessions_failed_has_code'],
    ['generation', '2', 'sessions_unnamed_has_one_generation'],
  ])('refuses a session with %s %s that cannot be', async (column, value, constraint) => {
    const update = `UPDATE sessions SET ${column} = $1 WHERE room IS NULL`;
    await expect(testApp.database.rows(update, [value])).rejects.toMatchObject({ constraint });
  });
});

describe('the migrate step', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await cloneDatabase();
  });
  afterAll(() => database.drop());

  const migrate = async () => {
    const run = new Process('cli', { NODE_ENV: 'test', DATABASE_URL: database.url }, ['migrate']);
    return { ...(await run.exited), said: run.everything() };
  };

  /** Every column, index, constraint and function of both schemas, and what is recorded as done. */
  const describeAll = () =>
    database.rows(`
      SELECT table_schema || '.' || table_name AS place, column_name AS name, data_type || coalesce(column_default, '') AS is
        FROM information_schema.columns WHERE table_schema IN ('public', 'bullmq')
      UNION ALL SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname IN ('public', 'bullmq')
      UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace IN ('public'::regnamespace, 'bullmq'::regnamespace)
      UNION ALL SELECT 'done', name, timestamp::text FROM migrations
      ORDER BY 1, 2, 3`);

  it('does nothing when there is nothing to do', async () => {
    const before = await describeAll();
    expect(await migrate()).toMatchObject({ code: 0 });
    expect(await describeAll()).toEqual(before);
  });

  it('makes both schemas in an empty database, also when two run at once', async () => {
    const wanted = await describeAll();
    await database.rows('DROP SCHEMA public CASCADE');
    await database.rows('DROP SCHEMA bullmq CASCADE');
    await database.rows('CREATE SCHEMA public');
    const runs = await Promise.all([migrate(), migrate()]);
    expect(runs).toMatchObject([{ code: 0 }, { code: 0 }]);
    expect(await describeAll()).toEqual(wanted);
  });

  it('replaces an index that an interrupted run left invalid, concurrently if its table is large', async () => {
    const wanted = await describeAll();
    await database.rows(`
      INSERT INTO sessions (id, generation, status, products, created_by, deadline_at, due_at, ended_at)
      SELECT 'ses_' || n, 1, 'closed', '{stream}', repeat('x', 100), now(), now(), now() FROM generate_series(1, 50000) n`);
    await database.rows(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'sessions_closed_newest'::regclass`);
    await database.rows(`DELETE FROM migrations WHERE name LIKE 'ListIndexes%'`);
    expect(await migrate()).toMatchObject({ code: 0 });
    expect(await describeAll()).toEqual(wanted);
    expect(await database.rows('SELECT indexrelid::regclass AS name FROM pg_index WHERE NOT indisvalid')).toEqual([]);
  });

  it('does not make requests queue behind a table that a long transaction has open', async () => {
    const wanted = await describeAll();
    await database.rows('ALTER TABLE sessions DROP COLUMN ready_within_s');
    await database.rows(`DELETE FROM migrations WHERE name LIKE 'Seats%'`);
    const backup = new pg.Client({ connectionString: database.url });
    await backup.connect();
    await backup.query('BEGIN');
    await backup.query('SELECT 1 FROM sessions LIMIT 1');
    const migrating = migrate();
    const isWaiting = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await eventually(async () => {
      expect(await database.rows(isWaiting)).toEqual([{ n: 1 }]);
    });
    // Waits until the ALTER gives up, and no longer.
    expect(await database.rows('SELECT count(*) FROM sessions')).toHaveLength(1);
    expect((await backup.query('SELECT 1 AS open')).rowCount).toBe(1);
    await backup.query('COMMIT');
    await backup.end();
    expect(await migrating).toMatchObject({ code: 0 });
    expect(await describeAll()).toEqual(wanted);
  });

  it('says what is wrong and fails without a database', async () => {
    const run = new Process('cli', { NODE_ENV: 'test' }, ['migrate']);
    expect(await run.exited).toMatchObject({ code: 1 });
    expect(run.everything()).toContain('DATABASE_URL is not set');
  });
});
