import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/test-app.js';

describe('a close and its audit entry', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false, env: { DATABASE_POOL: '2' } });
  });
  afterEach(() => testApp.database.rows('DROP TRIGGER IF EXISTS no_commit ON sessions'));
  afterAll(() => testApp.end());

  const closes = (id: string) =>
    testApp.database.rows(`SELECT actor FROM audit_entries WHERE session_id = $1 AND action = 'close'`, [id]);

  it('take one connection for each close, so that many closes share a small pool', async () => {
    const opened = await Promise.all(Array.from({ length: 10 }, (_, n) => testApp.client.openRoom(`small-pool-${n}`)));
    const replies = await Promise.all(opened.map(({ body }) => testApp.client.close(body.id)));
    expect(replies.map(({ status }) => status)).toEqual(opened.map(() => 204));
    for (const { body } of opened) expect(await closes(body.id)).toHaveLength(1);
  });

  it('are undone together when the commit fails', async () => {
    const { body } = await testApp.client.openRoom('no-commit');
    await testApp.database.rows(`
      CREATE OR REPLACE FUNCTION no_commit() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'this commit fails' USING ERRCODE = '57014'; END $$`);
    await testApp.database.rows(`
      CREATE CONSTRAINT TRIGGER no_commit AFTER UPDATE ON sessions DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION no_commit()`);
    expect((await testApp.client.close(body.id)).status).toBe(503);
    expect(await closes(body.id)).toEqual([]);
    expect((await testApp.client.read(body.id)).body.status).toBe('pending');
  });
});
