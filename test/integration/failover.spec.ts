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
});
