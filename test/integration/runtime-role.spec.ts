import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { TestApp } from '../support/test-app.js';

const GRANTS = readFileSync(join(import.meta.dirname, '../../docker/grants.sql'), 'utf8');

describe('gateways and workers under the role of docker/grants.sql', () => {
  let testApp: TestApp;
  let asRole: pg.Pool;

  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
    await testApp.database.rows(`
      DO $$ BEGIN CREATE ROLE watchtogether_app LOGIN NOSUPERUSER PASSWORD 'app';
      EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
    await testApp.database.pool.query(GRANTS);
    const url = new URL(testApp.database.url);
    url.username = 'watchtogether_app';
    url.password = 'app';
    asRole = new pg.Pool({ connectionString: url.href, max: 1 });
    const DATABASE_URL = url.href;
    await testApp.startGateway({ DATABASE_URL });
    await testApp.startWorker({ DATABASE_URL });
  });
  afterAll(async () => {
    await asRole.end();
    await testApp.end();
  });

  it('open, mint, read, close and audit, with the queue in Postgres', async () => {
    const [, gateway] = testApp.gateways;
    if (gateway === undefined) throw new Error('there is no second gateway');
    const opened = await gateway.client.openRoom('least-privilege', { wait: 15 });
    expect([opened.status, opened.body.status]).toEqual([201, 'ready']);
    expect((await gateway.client.read(opened.body.id)).body.tokens?.stream).toContain('eyJ');
    expect((await gateway.client.close(opened.body.id)).status).toBe(204);
    expect((await gateway.client.send<{ items: unknown[] }>('GET', '/v1/audit')).body.items.length).toBeGreaterThan(1);
    expect((await gateway.client.send('GET', '/readyz')).status).toBe(200);
  });

  it.each([
    'CREATE TABLE own (id int)',
    'ALTER TABLE sessions ADD COLUMN own int',
    'DROP TABLE sessions',
    'DELETE FROM migrations',
    'CREATE ROLE another',
    `COPY sessions TO PROGRAM 'cat'`,
  ])('may not: %s', async (statement) => {
    await expect(asRole.query(statement)).rejects.toMatchObject({ code: '42501' });
  });
});
