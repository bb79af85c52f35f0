import { PublishingRepository, SessionsRepository, SweepingRepository } from '@app/entities';
import { newSessionId } from '@app/kernel';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/test-app.js';

/** No worker runs: what the sweeper would repair is seen as it is. */
describe('what the sweeper takes, and when', () => {
  let testApp: TestApp;
  let sweeping: SweepingRepository;
  let sessions: SessionsRepository;
  let publishing: PublishingRepository;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
    const { app } = testApp.gateway;
    sweeping = app.get(SweepingRepository);
    sessions = app.get(SessionsRepository);
    publishing = app.get(PublishingRepository);
  });
  afterEach(() => testApp.database.rows('DELETE FROM sessions'));
  afterAll(() => testApp.end());

  /** Inserts pending sessions that lost their job `agoS` seconds ago. */
  async function insertDue(count: number, agoS: number): Promise<string[]> {
    const ids = Array.from({ length: count }, newSessionId);
    await testApp.database.rows(
      `INSERT INTO sessions (id, generation, status, products, created_by, deadline_at, due_at)
       SELECT id, 1, 'pending', '{stream}', 'key:x', now() + interval '1 hour', now() - make_interval(secs => $2)
       FROM unnest($1::text[]) id`,
      [ids, agoS],
    );
    return ids;
  }

  async function dueInS(id: string): Promise<number> {
    const [row] = await testApp.database.rows<{ due: number }>(
      'SELECT extract(epoch FROM due_at - now())::float8 AS due FROM sessions WHERE id = $1',
      [id],
    );
    return row?.due ?? NaN;
  }

  async function insertEnded(agoS: number): Promise<string> {
    const [id = ''] = await insertDue(1, 0);
    await testApp.database.rows(
      `UPDATE sessions SET status = 'closed', ended_at = now() - make_interval(secs => $2) WHERE id = $1`,
      [id, agoS],
    );
    return id;
  }

  it('takes 1,000 sessions a round, and the next round takes the others, not the same again', async () => {
    await insertDue(1000, 60);
    const [youngest] = await insertDue(1, 30);
    expect(await sweeping.takeDue()).toHaveLength(1000);
    expect(await sweeping.takeDue()).toEqual([youngest]);
    expect(await sweeping.takeDue()).toEqual([]);
  });

  it('takes a session again 10 s after it was taken', async () => {
    const [id = ''] = await insertDue(1, 60);
    await sweeping.takeDue();
    expect(await dueInS(id)).toBeGreaterThan(8);
    expect(await dueInS(id)).toBeLessThanOrEqual(10);
  });

  it('takes a retried session 10 s after the retry, whatever it waited for before', async () => {
    const [id = ''] = await insertDue(1, -3600);
    await publishing.fail(id, 'cas-unavailable');
    expect((await sessions.retry(id, 'key:x', 900)).session?.status).toBe('pending');
    expect(await dueInS(id)).toBeGreaterThan(8);
    expect(await dueInS(id)).toBeLessThanOrEqual(10);
  });

  it('takes a postponed session only after its wait', async () => {
    const [id = ''] = await insertDue(1, 60);
    await publishing.postpone(id, { waitMs: 30_000, counted: true, code: null });
    expect(await dueInS(id)).toBeGreaterThan(29);
    expect(await sweeping.takeDue()).toEqual([]);
  });

  it('deletes what ended longer ago than the retention, to within a tenth of it, and nothing that is live', async () => {
    const [old, young] = [await insertEnded(1.1 * 3600), await insertEnded(0.9 * 3600)];
    const [live = ''] = await insertDue(1, 0);
    await testApp.database.rows(`UPDATE sessions SET created_at = now() - interval '1 year' WHERE id = $1`, [live]);
    expect(await sweeping.purgeSessions(3600)).toBe(1);
    const left = await testApp.database.rows<{ id: string }>('SELECT id FROM sessions');
    expect(left.map(({ id }) => id).sort()).toEqual([young, live].sort());
    expect(left.map(({ id }) => id)).not.toContain(old);
  });

  it('deletes audit entries older than their retention, to within a tenth of it', async () => {
    const insert = (actor: string, agoS: number) =>
      testApp.database.rows(
        `INSERT INTO audit_entries (id, at, actor, action, session_id, count)
         VALUES (gen_random_uuid(), now() - make_interval(secs => $2), $1, 'close', '', 1)`,
        [actor, agoS],
      );
    await insert('key:old', 1.1 * 3600);
    await insert('key:young', 0.9 * 3600);
    await sweeping.purgeAudit(3600);
    expect(
      await testApp.database.rows(`SELECT actor FROM audit_entries WHERE actor IN ('key:old', 'key:young')`),
    ).toEqual([{ actor: 'key:young' }]);
  });
});
