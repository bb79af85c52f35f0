import { PostgresAccess } from '@app/connections';
import { Database } from '@app/entities';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

describe('a gateway whose connections lead to a server that has become a standby', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
  });
  afterAll(() => testApp.end());

  it('throws them away one by one, and finds the primary with new ones', async () => {
    const { app, client } = await testApp.startGateway({ DATABASE_POOL: '2' });
    const database = app.get(Database);
    const demote = `SELECT set_config('default_transaction_read_only', 'on', false), pg_sleep(0.3)`;
    await Promise.all([database.query(demote), database.query(demote)]);

    const refused = await client.openRoom('failover');
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    // Connections that are never idle for long would not end by themselves.
    await eventually(async () => {
      expect((await client.openRoom('failover')).status).toBe(202);
    }, 5000);
  });

  it('does not read from the others either, once one of them was refused a write', async () => {
    const { app, client } = await testApp.startGateway({ DATABASE_POOL: '2' });
    const database = app.get(Database);
    const demote = `SELECT set_config('default_transaction_read_only', 'on', false), pg_sleep(0.3)`;
    await Promise.all([database.query(demote), database.query(demote)]);

    expect((await client.openRoom('stale reads')).status).toBe(503);
    const look = `SELECT current_setting('transaction_read_only') AS "readOnly", pg_sleep(0.1)`;
    await eventually(async () => {
      const rows = await Promise.all([database.query(look), database.query(look)]);
      expect(rows.flat()).toEqual([
        { readOnly: 'off', pg_sleep: '' },
        { readOnly: 'off', pg_sleep: '' },
      ]);
    }, 2000);
  });

  it('survives that a connection ends while it is borrowed and nothing runs on it', async () => {
    const access = new PostgresAccess({ url: testApp.database.url });
    const pool = access.newPool({ max: 1, timeoutMs: 2000 });
    const client = await pool.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    await testApp.database.rows('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await ended;
    await expect(client.query('SELECT 1')).rejects.toThrow(/not queryable/);
    client.release(true);
    await pool.end();
  });
});
