import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Client, Session } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

interface Page {
  items: Session[];
  nextCursor: string | null;
}

describe('listing sessions', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open({ worker: false });
    // Many share one instant and all states occur, so that order and filters have something to decide.
    await testApp.database.rows(`
      INSERT INTO sessions (id, room, generation, status, products, created_by, created_at, deadline_at, due_at,
                            ready_at, expires_at, failure_code, ended_at)
      SELECT 'ses_' || lpad(n::text, 22, '0'), 'room ' || n % 7, n, s.status, '{stream}', 'key:test',
             timestamptz '2026-01-01' + make_interval(secs => n / 5), now() + interval '1 hour', now() + interval '1 hour',
             now(), now() + interval '1 hour', 'cas-unavailable', CASE WHEN s.status IN ('closed', 'expired') THEN now() END
      FROM generate_series(1, 120) n,
           LATERAL (SELECT (ARRAY['closed', 'expired'])[1 + n % 2] AS status) s`);
    await testApp.database.rows(`
      UPDATE sessions SET status = (ARRAY['pending', 'ready', 'failed', 'pending', 'ready', 'failed', 'ready'])[1 + generation % 7]
      WHERE generation > 113`);
    // A reader sees these two as failed and expired, though no sweeper came by.
    await testApp.database.rows(`UPDATE sessions SET deadline_at = now() WHERE generation = 115`);
    await testApp.database.rows(`UPDATE sessions SET expires_at = now() WHERE generation = 116`);
  });
  afterAll(() => testApp.end());

  const list = (query = '', client: Client = testApp.client) => client.send<Page>('GET', `/v1/sessions${query}`);

  async function allPages(query: string): Promise<Session[]> {
    const items: Session[] = [];
    let cursor: string | null = null;
    do {
      const { status, body } = await list(`?${query}${cursor === null ? '' : `&cursor=${cursor}`}`);
      expect(status).toBe(200);
      items.push(...body.items);
      cursor = body.nextCursor;
    } while (cursor !== null);
    return items;
  }

  it('shows the newest first, fifty at a time, and never a token', async () => {
    const { body } = await list();
    expect(body.items).toHaveLength(50);
    expect(body.items[0]?.generation).toBe(120);
    expect(body.items.every((item) => !('tokens' in item))).toBe(true);
  });

  it('gives every session once, in one order, whatever the size of a page', async () => {
    const whole = (await list('?limit=200')).body.items.map((item) => item.id);
    expect(whole).toHaveLength(120);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 7, max: 200 }), async (limit) => {
        expect((await allPages(`limit=${limit}`)).map((item) => item.id)).toEqual(whole);
      }),
      { numRuns: 12 },
    );
  });

  it('filters by the state that a reader would see', async () => {
    const failed = await allPages('status=failed&limit=3');
    expect(failed.map((item) => item.generation)).toContain(115);
    expect(failed.every((item) => item.status === 'failed')).toBe(true);
    const expired = await allPages('status=expired');
    expect(expired.map((item) => item.generation)).toContain(116);
    const pending = await allPages('status=pending');
    expect(pending.map((item) => item.generation)).not.toContain(115);
  });

  it('filters by room, in whichever form its name comes', async () => {
    const items = await allPages(`room=${encodeURIComponent('room 3')}`);
    expect(items.length).toBeGreaterThan(10);
    expect(items.every((item) => item.room === 'room 3')).toBe(true);
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?limit=ten', 'limit'],
    ['?status=gone', 'status'],
    ['?status=ready&status=failed', 'status'],
    ['?room=a%2Fb', 'room'],
    ['?cursor=abc', 'cursor'],
    ['?cursor=', 'cursor'],
    [
      `?cursor=${Buffer.from('2026-99-99T00:00:00.000000Z ses_0123456789012345678901').toString('base64url')}`,
      'cursor',
    ],
    [
      `?cursor=${Buffer.from('2026-02-30T00:00:00.000000Z ses_0123456789012345678901').toString('base64url')}`,
      'cursor',
    ],
    ['?colour=blue', 'colour'],
  ])('refuses %s and names the parameter', async (query, parameter) => {
    const { status, body } = await list(query);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'validation-failed', errors: [{ parameter }] });
  });

  it('is for administrators', async () => {
    const { status } = await list('', await testApp.clientWith('sessions:read', 'sessions:create', 'tokens:read'));
    expect(status).toBe(403);
  });
});

describe('retrying a session', () => {
  let testApp: TestApp;
  beforeAll(async () => {
    testApp = await TestApp.open();
  });
  afterAll(() => testApp.end());

  it('puts one that CAS refused for good back to pending, and it becomes ready', async () => {
    await testApp.cas.fault({ kind: 'status', status: 401, times: 1 });
    const failed = await testApp.client.openRoom('refused', { wait: 10 });
    expect([failed.status, failed.body.status]).toEqual([200, 'failed']);
    const retried = await testApp.client.retry(failed.body.id);
    expect([retried.status, retried.body.status, retried.body.failure]).toEqual([202, 'pending', null]);
    expect(retried.headers['retry-after']).toBe('1');
    const ready = await testApp.client.read(failed.body.id, { wait: 10 });
    expect(ready.body).toMatchObject({ status: 'ready', generation: 1, room: 'refused' });
    expect(ready.body.version).toBeGreaterThan(retried.body.version);
  });

  it('leaves a ready one as it is', async () => {
    const ready = await testApp.client.openRoom('ready', { wait: 10 });
    const retried = await testApp.client.retry(ready.body.id);
    expect([retried.status, retried.body]).toEqual([200, ready.body]);
  });

  it('answers 202 for a pending one, and its deadline stays', async () => {
    await testApp.cas.fault({ kind: 'hang', times: 1 });
    const pending = await testApp.client.openRoom('pending');
    const deadline = () => testApp.database.rows('SELECT deadline_at FROM sessions WHERE id = $1', [pending.body.id]);
    const before = await deadline();
    const retried = await testApp.client.retry(pending.body.id);
    expect([retried.status, retried.body.status]).toEqual([202, 'pending']);
    expect(await deadline()).toEqual(before);
    await testApp.cas.release();
  });

  it('refuses a closed or expired one with 410, and knows no others', async () => {
    const { body } = await testApp.client.openRoom('closed', { wait: 10 });
    await testApp.client.close(body.id);
    expect(await testApp.client.retry(body.id)).toMatchObject({ status: 410, body: { code: 'session-closed' } });
    const other = await testApp.client.openRoom('expired', { wait: 10 });
    await testApp.database.rows('UPDATE sessions SET expires_at = now() WHERE id = $1', [other.body.id]);
    expect(await testApp.client.retry(other.body.id)).toMatchObject({ status: 410, body: { code: 'session-expired' } });
    expect((await testApp.client.retry('ses_0123456789012345678901')).status).toBe(404);
  });

  it('after its deadline counts as a retry of a failed one', async () => {
    await testApp.cas.fault({ kind: 'hang' });
    const { body } = await testApp.client.openRoom('overdue');
    await testApp.database.rows('UPDATE sessions SET deadline_at = now() WHERE id = $1', [body.id]);
    expect((await testApp.client.read(body.id)).body.status).toBe('failed');
    const retried = await testApp.client.retry(body.id);
    expect([retried.status, retried.body.status]).toEqual([202, 'pending']);
    await testApp.cas.clearFaults();
    await eventually(async () => {
      expect((await testApp.client.read(body.id)).body.status).toBe('ready');
    }, 20_000);
  });

  it('may lead to calls of CAS once in 10 s, however often it is asked for', async () => {
    await testApp.cas.fault({ kind: 'status', status: 400 });
    const { body } = await testApp.client.openRoom('insisted-on', { wait: 10 });
    expect(body.status).toBe('failed');
    const before = (await testApp.cas.summary()).stream.calls;
    const statuses: number[] = [];
    for (let n = 0; n < 10; n++) {
      const reply = await testApp.client.retry(body.id);
      statuses.push(reply.status);
      if (reply.status === 429) expect(Number(reply.headers['retry-after'])).toBeLessThanOrEqual(10);
      // Until it has failed again.
      await testApp.client.read(body.id, { wait: 5 });
    }
    expect(statuses).toEqual([202, ...Array.from({ length: 9 }, () => 429)]);
    expect((await testApp.cas.summary()).stream.calls - before).toBe(1);
    await testApp.cas.clearFaults();
  });

  it('of another caller needs sessions:read, since the reply shows it; one’s own does not', async () => {
    await testApp.cas.fault({ kind: 'status', status: 400, times: 2 });
    const stranger = await testApp.clientWith('sessions:create');
    const { body } = await testApp.client.openRoom('of-another', { body: { metadata: { note: 'private' } }, wait: 10 });
    const refused = await stranger.retry(body.id);
    expect([refused.status, refused.text.includes('private')]).toEqual([403, false]);
    expect((await testApp.client.read(body.id)).body.status).toBe('failed');
    const own = await stranger.create({ wait: 10 });
    expect(own.body.status).toBe('failed');
    expect((await stranger.retry(own.body.id)).status).toBe(202);
  });
});
