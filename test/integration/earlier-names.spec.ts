import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cloneDatabase, type TestDatabase } from '../support/database.js';
import { Process } from '../support/process.js';

const USER = 'person:https://login.example.com#anna';

const entry = (actor: string, action: string) => `(gen_random_uuid(), now(), '${actor}', '${action}', 'ses_1', 3)`;
const AUDIT_COLUMNS = '(id, at, actor, action, session_id, count)';
const session = (id: string) =>
  `INSERT INTO sessions (id, generation, status, products, created_by, deadline_at, due_at)
   VALUES ('${id}', 1, 'pending', '{stream}', '${USER}', now(), now())`;
const idempotencyKey = (key: string) =>
  `INSERT INTO idempotency_keys (caller, key, fingerprint, session_id) VALUES ('${USER}', '${key}', 'f', 'ses_before')`;

describe('rows under the names of the previous release', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await cloneDatabase();
    // As if the previous release had written them before the upgrade: its names, without triggers and constraint.
    await database.rows('ALTER TABLE audit_entries DISABLE TRIGGER ALL, DROP CONSTRAINT audit_entries_action_known');
    await database.rows('ALTER TABLE sessions DISABLE TRIGGER ALL');
    await database.rows('ALTER TABLE idempotency_keys DISABLE TRIGGER ALL');
    const rows = [entry(USER, 'hand-over'), entry('key:backend', 'refused:rate-limited'), entry('cli', 'close')];
    await database.rows(`INSERT INTO audit_entries ${AUDIT_COLUMNS} VALUES ${rows.join(', ')}`);
    await database.rows(session('ses_before'));
    await database.rows(idempotencyKey('before'));
    for (const table of ['audit_entries', 'sessions', 'idempotency_keys'])
      await database.rows(`ALTER TABLE ${table} ENABLE TRIGGER ALL`);
    await database.rows(
      `ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_action_known
         CHECK (action IN ('create', 'close', 'retry', 'read-tokens', 'denied:insufficient-scope',
                           'denied:admission-denied', 'denied:rate-limited')) NOT VALID`,
    );
    await database.rows(`DELETE FROM migrations WHERE name LIKE 'RenameAuditRows%'`);
  });
  afterAll(() => database.drop());

  it('have the current ones after the upgrade, and nothing else about them has changed', async () => {
    const migrate = new Process('cli', { NODE_ENV: 'test', DATABASE_URL: database.url }, ['migrate']);
    expect(await migrate.exited).toMatchObject({ code: 0 });
    const entries = await database.rows('SELECT actor, action, session_id, count FROM audit_entries ORDER BY action');
    expect(entries).toEqual([
      { actor: 'cli', action: 'close', session_id: 'ses_1', count: 3 },
      { actor: 'key:backend', action: 'denied:rate-limited', session_id: 'ses_1', count: 3 },
      { actor: 'user:https://login.example.com#anna', action: 'read-tokens', session_id: 'ses_1', count: 3 },
    ]);
    const [{ valid } = {}] = await database.rows<{ valid: boolean }>(
      `SELECT convalidated AS valid FROM pg_constraint WHERE conname = 'audit_entries_action_known'`,
    );
    expect(valid).toBe(true);
  });

  it('are written under the current ones while gateways of the previous release go on', async () => {
    await database.rows(`INSERT INTO audit_entries ${AUDIT_COLUMNS} VALUES ${entry(USER, 'refused:admission-denied')}`);
    await database.rows(session('ses_meanwhile'));
    await database.rows(idempotencyKey('meanwhile'));
    const names = await database.rows<{ name: string }>(
      `SELECT actor AS name FROM audit_entries WHERE action = 'denied:admission-denied'
       UNION ALL SELECT created_by FROM sessions UNION ALL SELECT caller FROM idempotency_keys`,
    );
    expect(new Set(names.map(({ name }) => name))).toEqual(new Set(['user:https://login.example.com#anna']));
    expect(names).toHaveLength(5);
  });
});
