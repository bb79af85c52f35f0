import { randomUUID } from 'node:crypto';
import { AuditRepository } from '@app/entities';
import { Metrics } from '@app/observability';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Identity } from '../../apps/gateway/src/auth/caller.js';
import { AuditTrail } from '../../apps/gateway/src/audit/audit-trail.js';
import type { Client } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { TestApp, type RunningGateway } from '../support/test-app.js';
import { startTcpProxy, viaProxy } from '../support/tcp-proxy.js';

interface Entry {
  actor: string;
  action: string;
  session: string;
  count: number;
  [column: string]: unknown;
}

interface Item {
  at: string;
  actor: string;
  action: string;
  session: string | null;
  count: number;
}

interface Page {
  items: Item[];
  nextCursor: string | null;
}

let provider: IdentityProvider;
let testApp: TestApp;
let other: RunningGateway;
beforeAll(async () => {
  provider = await IdentityProvider.start();
  const env = { OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: 'watch', ROOM_API: 'on', AUDIT_RETENTION_S: '86400' };
  testApp = await TestApp.open({ env: { ...env, RETENTION_S: '3600' } });
  other = await testApp.startGateway();
});
afterAll(async () => {
  await testApp.end();
  await provider.close();
});

const actorOf = (client: Client) => `key:${client.apiKey?.split('_')[1] ?? ''}`;
const person = (sub: string) => `user:${provider.issuer}#${sub}`;
const as = async (sub: string, scope: string, url = testApp.url) =>
  testApp.newClient(url, await provider.token(sub, { claims: { scope } }));

/** What the database holds: changes in their order, counts summed up. */
const changes = (session: string) =>
  testApp.database.rows<Entry>(
    `SELECT actor, action, session_id AS session, count FROM audit_entries
     WHERE session_id = $1 AND action IN ('create', 'close', 'retry') ORDER BY at`,
    [session],
  );
const counted = (actor: string, action: string) =>
  testApp.database.rows<Entry>(
    `SELECT session_id AS session, sum(count)::int AS count FROM audit_entries
     WHERE actor = $1 AND action = $2 GROUP BY session_id ORDER BY session_id`,
    [actor, action],
  );
const expectCounted = (actor: string, action: string, wanted: [session: string, count: number][]) =>
  eventually(async () => {
    const rows = await counted(actor, action);
    expect(rows.map(({ session, count }) => [session, count])).toEqual([...wanted].sort());
  });

/** Counts something of another caller, and waits until it is written: what was counted before is written by then. */
async function everythingIsFlushed(): Promise<void> {
  const fence = await testApp.clientWith('sessions:read');
  expect((await fence.create()).status).toBe(403);
  await expectCounted(actorOf(fence), 'denied:insufficient-scope', [['', 1]]);
}

describe('a change of a session', () => {
  it('stands in the trail with who made it, once, and what changes nothing does not', async () => {
    const client = await testApp.clientWith('sessions:create', 'sessions:close', 'tokens:read');
    const { body } = await client.create({ wait: 10, body: { metadata: { canary: 'mX7-of-the-room' } } });
    expect((await client.retry(body.id)).status).toBe(200);
    await client.close(body.id);
    await client.close(body.id);
    await testApp.client.close(body.id);
    const actor = actorOf(client);
    expect(await changes(body.id)).toEqual([
      { actor, action: 'create', session: body.id, count: 1 },
      { actor, action: 'close', session: body.id, count: 1 },
    ]);
  });

  it('has the time at which it was made', async () => {
    const { body } = await testApp.client.create();
    const [row] = await testApp.database.rows<{ apart: number }>(
      `SELECT abs(extract(epoch FROM a.at - s.created_at))::float8 AS apart FROM audit_entries a JOIN sessions s ON s.id = a.session_id
       WHERE s.id = $1 AND a.action = 'create'`,
      [body.id],
    );
    expect(row?.apart).toBeLessThan(1);
  });

  it('is a retry when a failed session is put back: by retry, and by opening its room', async () => {
    const opener = await testApp.clientWith('rooms:open');
    const retrier = await testApp.clientWith('sessions:create', 'sessions:read');
    const { id } = (await testApp.client.openRoom('failing')).body;
    const fail = () =>
      testApp.database.rows(
        `UPDATE sessions SET status = 'failed', failure_code = 'cas-unavailable', reopened_at = NULL WHERE id = $1`,
        [id],
      );
    await fail();
    await retrier.retry(id);
    await fail();
    await opener.openRoom('failing');
    expect((await changes(id)).map(({ actor, action }) => [actor, action])).toEqual([
      [actorOf(testApp.client), 'create'],
      [actorOf(retrier), 'retry'],
      [actorOf(opener), 'retry'],
    ]);
  });

  it('is written once, however many try it at once at two gateways', async () => {
    const both = [testApp.client, other.client];
    const crowd = <T>(work: (client: Client) => Promise<T>) =>
      Promise.all(Array.from({ length: 30 }, (_, n) => work(both[n % 2] ?? testApp.client)));
    const opened = await crowd((client) => client.openRoom('crowded'));
    const created = await crowd((client) => client.create({ key: 'the same' }));
    const ids = new Set([...opened, ...created].map(({ body }) => body.id));
    expect(ids.size).toBe(2);
    for (const id of ids) {
      await crowd((client) => client.close(id));
      expect((await changes(id)).map(({ action }) => action)).toEqual(['create', 'close']);
    }
    const strays = `SELECT 1 FROM audit_entries WHERE action = 'create' AND session_id NOT IN (SELECT id FROM sessions)`;
    expect(await testApp.database.rows(strays)).toEqual([]);
  });

  it('is no close when the clock was faster', async () => {
    const { body } = await testApp.client.create({ wait: 10 });
    await testApp.database.rows('UPDATE sessions SET expires_at = clock_timestamp() WHERE id = $1', [body.id]);
    expect((await testApp.client.close(body.id)).status).toBe(204);
    expect((await changes(body.id)).map(({ action }) => action)).toEqual(['create']);
  });

  it('is not made when it cannot be written down', async () => {
    const failed = (await testApp.client.openRoom('stays failed')).body.id;
    const live = (await testApp.client.openRoom('stays open', { wait: 10 })).body.id;
    await testApp.client.read(failed, { wait: 10 });
    await testApp.database.rows(
      `UPDATE sessions SET status = 'failed', failure_code = 'cas-unavailable' WHERE id = $1`,
      [failed],
    );
    const state = () =>
      testApp.database.rows('SELECT id, status, version FROM sessions WHERE room IS NULL OR room LIKE $1 ORDER BY id', [
        'stays%',
      ]);
    const tokens = () =>
      testApp.database.rows('SELECT sealed IS NULL AS erased FROM session_tokens WHERE session_id = $1', [live]);
    const before = [await state(), await tokens()];
    await testApp.database.rows(
      `ALTER TABLE audit_entries ADD CONSTRAINT not_now CHECK (action NOT IN ('create', 'close', 'retry')) NOT VALID`,
    );
    const tries = [
      await testApp.client.create(),
      await testApp.client.create({ key: 'not now' }),
      await testApp.client.openRoom('stays unmade'),
      await testApp.client.openRoom('stays failed'),
      await testApp.client.retry(failed),
      await testApp.client.close(live),
    ];
    await testApp.database.rows('ALTER TABLE audit_entries DROP CONSTRAINT not_now');
    expect(tries.map(({ status }) => status)).toEqual([500, 500, 500, 500, 500, 500]);
    expect([await state(), await tokens()]).toEqual(before);
    expect((await testApp.client.create({ key: 'not now' })).headers['idempotency-replayed']).toBeUndefined();
    expect((await testApp.client.close(live)).status).toBe(204);
  });
});

describe('a reply with tokens', () => {
  it('is counted by caller and session, whichever route gave it', async () => {
    const { body } = await testApp.client.openRoom('handed over', { wait: 10 });
    const reader = await testApp.clientWith('sessions:read', 'tokens:read', 'rooms:open');
    for (let i = 0; i < 3; i++) expect((await reader.read(body.id)).body.tokens).toBeDefined();
    await reader.readRoom('handed over');
    await reader.openRoom('handed over');
    const anna = await as('anna', 'sessions:read tokens:read');
    await anna.read(body.id);
    await expectCounted(actorOf(reader), 'read-tokens', [[body.id, 5]]);
    await expectCounted(person('anna'), 'read-tokens', [[body.id, 1]]);
  });

  it('of the drop-in rooms is counted under the name of that door', async () => {
    const visitor = testApp.newClient(testApp.url, null);
    await visitor.send('POST', '/room/create', { body: { name: 'dropped in' } });
    await visitor.send('GET', '/room/dropped%20in');
    const [row] = await testApp.database.rows<{ id: string }>(`SELECT id FROM sessions WHERE room = 'open:dropped in'`);
    const id = row?.id ?? '';
    await expectCounted('room-api', 'read-tokens', [[id, 2]]);
    expect(await changes(id)).toEqual([{ actor: 'room-api', action: 'create', session: id, count: 1 }]);
  });

  it('is none without tokens: pending, closed, without the scope, or asked for with HEAD', async () => {
    const blind = await testApp.clientWith('sessions:read');
    const client = await testApp.clientWith('sessions:create', 'sessions:read', 'sessions:close', 'tokens:read');
    const { body } = await testApp.client.create({ wait: 10 });
    await blind.read(body.id);
    await client.send('HEAD', `/v1/sessions/${body.id}`);
    await client.retry(`ses_${'x'.repeat(22)}`);
    await client.close(body.id);
    await client.read(body.id);
    await testApp.cas.fault({ kind: 'hang' });
    const pending = await client.create();
    await client.read(pending.body.id);
    await testApp.cas.clearFaults();
    await everythingIsFlushed();
    expect(await counted(actorOf(client), 'read-tokens')).toEqual([]);
    expect(await counted(actorOf(blind), 'read-tokens')).toEqual([]);
  });
});

describe('a refusal', () => {
  it('is counted under the caller that was denied', async () => {
    const client = await testApp.clientWith('sessions:read');
    for (let i = 0; i < 4; i++) expect((await client.create()).status).toBe(403);
    const { body } = await (await as('anna', 'rooms:open')).openRoom('of anna');
    const ben = await as('ben', 'sessions:close');
    expect((await ben.close(body.id)).status).toBe(403);
    await expectCounted(actorOf(client), 'denied:insufficient-scope', [['', 4]]);
    await expectCounted(person('ben'), 'denied:insufficient-scope', [[body.id, 1]]);
  });

  it('of whatever kind is one of the known actions; what is no refusal is not counted', async () => {
    const trail = testApp.gateway.app.get(AuditTrail);
    const caller: Identity = {
      id: 'key:refused',
      quotaKey: 'key:refused',
      principal: { kind: 'key', id: 'refused' },
      scopes: new Set(),
      ratePerS: null,
    };
    for (const code of ['admission-denied', 'rate-limited', 'rate-limited', 'not-found', 'internal'] as const) {
      trail.denied(caller, code, null);
    }
    await expectCounted('key:refused', 'denied:rate-limited', [['', 2]]);
    await expectCounted('key:refused', 'denied:admission-denied', [['', 1]]);
    const [row] = await testApp.database.rows<{ count: number }>(
      `SELECT sum(count)::int AS count FROM audit_entries WHERE actor = 'key:refused'`,
    );
    expect(row?.count).toBe(3);
  });

  it('without a known caller leaves no entry', async () => {
    expect((await testApp.newClient(testApp.url, null).create()).status).toBe(401);
    await everythingIsFlushed();
    const unknown = `SELECT 1 FROM audit_entries WHERE actor NOT LIKE 'key:%' AND actor NOT LIKE 'user:%' AND actor <> 'room-api'`;
    expect(await testApp.database.rows(unknown)).toEqual([]);
  });
});

describe('what was counted', () => {
  it('waits in memory while the database is away, and comes exactly when it is back', async () => {
    const proxy = await startTcpProxy(testApp.database.url);
    const gateway = await testApp.startGateway({ DATABASE_URL: viaProxy(testApp.database.url, proxy) });
    const carl = await as('carl', 'sessions:read', gateway.url);
    expect((await carl.create()).status).toBe(403);
    await expectCounted(person('carl'), 'denied:insufficient-scope', [['', 1]]);
    const flushes = jest.spyOn(gateway.app.get(AuditRepository), 'add');
    proxy.pause();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 10; i++) expect((await carl.create()).status).toBe(403);
      const tried = flushes.mock.calls.length;
      await eventually(() => {
        expect(flushes.mock.calls.length).toBeGreaterThan(tried);
      }, 20_000);
    }
    await expectCounted(person('carl'), 'denied:insufficient-scope', [['', 1]]);
    proxy.resume();
    await expectCounted(person('carl'), 'denied:insufficient-scope', [['', 31]]);
    await gateway.close();
    testApp.gateways.pop();
    await proxy.close();
  }, 40_000);

  it('is counted once when it is sent twice, since no answer came', async () => {
    const repository = testApp.gateway.app.get(AuditRepository);
    const one = { id: randomUUID(), actor: 'key:twice', action: 'read-tokens', sessionId: null, count: 7 } as const;
    await repository.add([{ ...one, ageS: 0 }]);
    await repository.add([{ ...one, ageS: 90 }]);
    await expectCounted('key:twice', 'read-tokens', [['', 7]]);
  });

  it('is written before a gateway that shuts down leaves the database', async () => {
    const { body } = await testApp.client.create({ wait: 10 });
    const gateway = await testApp.startGateway();
    const dora = await as('dora', 'sessions:read tokens:read', gateway.url);
    for (let i = 0; i < 5; i++) await dora.read(body.id);
    await gateway.close();
    testApp.gateways.pop();
    expect(await counted(person('dora'), 'read-tokens')).toEqual([{ session: body.id, count: 5 }]);
  });

  it('has a bound: what is beyond it is dropped and told, what is within it arrives', async () => {
    const gateway = await testApp.startGateway();
    const trail = gateway.app.get(AuditTrail);
    const caller: Identity = {
      id: '',
      quotaKey: '',
      principal: { kind: 'key', id: '' },
      scopes: new Set(),
      ratePerS: null,
    };
    for (let i = 0; i < 20_003; i++) trail.tokensRead({ ...caller, id: `key:many-${i}` }, 'x');
    expect(await gateway.app.get(Metrics).registry.metrics()).toContain('\naudit_dropped_total 3\n');
    await eventually(async () => {
      const many = `SELECT count(*)::int AS count FROM audit_entries WHERE actor LIKE 'key:many-%'`;
      expect(await testApp.database.rows(many)).toEqual([{ count: 20_000 }]);
    }, 20_000);
    await gateway.close();
    testApp.gateways.pop();
    await testApp.database.rows(`DELETE FROM audit_entries WHERE actor LIKE 'key:many-%'`);
  }, 30_000);
});

describe('an entry', () => {
  it('is never changed: the database refuses', async () => {
    await testApp.client.create();
    await expect(testApp.database.rows('UPDATE audit_entries SET count = 2')).rejects.toMatchObject({ code: '23001' });
    await expect(testApp.database.rows(`UPDATE audit_entries SET actor = 'another' WHERE false`)).rejects.toMatchObject(
      { code: '23001' },
    );
  });

  it.each([
    ['action', 'steal', 'audit_entries_action_known'],
    ['count', '0', 'audit_entries_count_positive'],
  ])('with the %s %s is refused', async (column, value, constraint) => {
    const row: Record<string, string> = { action: 'close', count: '1', [column]: value };
    const insert = `INSERT INTO audit_entries (id, at, actor, action, session_id, count)
                    VALUES (gen_random_uuid(), now(), 'key:x', $1, '', $2)`;
    await expect(testApp.database.rows(insert, [row.action, row.count])).rejects.toMatchObject({ constraint });
  });

  it('goes after its time, and not with its session', async () => {
    const [old, kept] = [(await testApp.client.create()).body.id, (await testApp.client.create()).body.id];
    for (const id of [old, kept]) await testApp.client.close(id);
    await testApp.database.rows(`UPDATE sessions SET ended_at = now() - interval '2 hours' WHERE id = ANY($1)`, [
      [old, kept],
    ]);
    await testApp.database.rows(
      `WITH gone AS (DELETE FROM audit_entries WHERE session_id = $1 RETURNING *)
       INSERT INTO audit_entries (id, at, actor, action, session_id, count)
       SELECT id, at - interval '25 hours', actor, action, session_id, count FROM gone`,
      [old],
    );
    await eventually(async () => {
      expect(await testApp.database.rows('SELECT 1 FROM sessions WHERE id = ANY($1)', [[old, kept]])).toEqual([]);
      expect(await changes(old)).toEqual([]);
    });
    expect((await changes(kept)).map(({ action }) => action)).toEqual(['create', 'close']);
  });

  it('holds no token, no metadata and no address', async () => {
    const handed = `SELECT 1 FROM audit_entries WHERE action = 'read-tokens'`;
    expect((await testApp.database.rows(handed)).length).toBeGreaterThan(0);
    const rows = JSON.stringify(await testApp.database.rows('SELECT * FROM audit_entries'));
    expect(rows).not.toMatch(/eyJ|mX7-of-the-room|wtk_|v1\.k1/);
    expect(rows.replaceAll(provider.issuer, '')).not.toMatch(/127\.0\.0\.1|::1/);
  });

  it('names a person, but no log does', () => {
    expect(JSON.stringify(testApp.log)).not.toMatch(/#(anna|ben|carl|dora)/);
  });
});

describe('reading the trail', () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 20, minute));
  const ses = (n: number) => `ses_${String(n).padStart(22, '0')}`;
  let reading: TestApp;
  beforeAll(async () => {
    reading = await TestApp.open({ worker: false });
    // Many share one minute, and every count came in two flushes.
    await reading.database.rows(
      `INSERT INTO audit_entries (id, at, actor, action, session_id, count)
       SELECT gen_random_uuid(), timestamptz '2026-01-01T20:00Z' + make_interval(mins => n / 30),
              'key:key' || n % 3, (ARRAY['read-tokens', 'denied:rate-limited'])[1 + n % 2],
              CASE WHEN n % 2 = 0 THEN 'ses_' || lpad((n % 5)::text, 22, '0') ELSE '' END, 1 + n
       FROM generate_series(0, 119) n, generate_series(1, 2)`,
    );
  });
  afterAll(() => reading.end());

  const read = (query = '') => reading.client.send<Page>('GET', `/v1/audit${query}`);

  async function allPages(query: string): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: string | null = null;
    do {
      const { status, body } = await read(`?${query}${cursor === null ? '' : `&cursor=${cursor}`}`);
      expect(status).toBe(200);
      items.push(...body.items);
      cursor = body.nextCursor;
    } while (cursor !== null);
    return items;
  }

  it('sums up what several flushes of one minute have counted, the newest first', async () => {
    const items = await allPages('limit=200');
    const sums = new Map<string, number>();
    for (let n = 0; n < 120; n++) {
      const action = n % 2 === 0 ? 'read-tokens' : 'denied:rate-limited';
      const session = n % 2 === 0 ? ses(n % 5) : null;
      const key = JSON.stringify([at(Math.floor(n / 30)).toISOString(), `key:key${n % 3}`, action, session]);
      sums.set(key, (sums.get(key) ?? 0) + 2 * (1 + n));
    }
    const got = new Map(items.map((i) => [JSON.stringify([i.at, i.actor, i.action, i.session]), i.count]));
    expect(got).toEqual(sums);
    expect(items).toHaveLength(sums.size);
    const times = items.map((item) => item.at);
    expect(times).toEqual([...times].sort().reverse());
  });

  it('gives everything once, in one order, whatever the size of a page', async () => {
    const whole = await allPages('limit=200');
    for (const limit of [1, 7, 50]) expect(await allPages(`limit=${limit}`)).toEqual(whole);
    expect((await read()).body.items).toEqual(whole.slice(0, 50));
  });

  it('filters by session, by actor and from a time on, alone and together, page by page', async () => {
    const whole = await allPages('limit=200');
    const cases: [string, (item: Item) => boolean][] = [
      [`session=${ses(2)}`, (item) => item.session === ses(2)],
      ['actor=key:key1', (item) => item.actor === 'key:key1'],
      ['from=2026-01-01T20:02:00Z', (item) => item.at >= '2026-01-01T20:02'],
      [`from=${encodeURIComponent('2026-01-01T21:01:30.5+01:00')}`, (item) => item.at >= '2026-01-01T20:02'],
      [`session=${ses(4)}&actor=key:key0`, (item) => item.session === ses(4) && item.actor === 'key:key0'],
      ['actor=key:nobody', () => false],
      ['actor=room-api', () => false],
      ['actor=user:erased', () => false],
      ['from=2999-01-01T00:00:00Z', () => false],
    ];
    for (const [query, matches] of cases) {
      expect([query, await allPages(`${query}&limit=3`)]).toEqual([query, whole.filter(matches)]);
    }
  });

  it('finds a person by the exact id, whatever it holds', async () => {
    const actor = 'user:https://login.example.com#a#b%_ ü"\n';
    await reading.gateway.app.get(AuditRepository).add(
      [1, 2].map((count) => ({
        id: randomUUID(),
        actor,
        action: 'read-tokens',
        sessionId: ses(count),
        count,
        ageS: 0,
      })),
    );
    const items = await allPages(`actor=${encodeURIComponent(actor)}&limit=1`);
    expect(items.map((item) => [item.actor, item.count])).toEqual([
      [actor, 2],
      [actor, 1],
    ]);
  });

  const forged = (...place: unknown[]) => `?cursor=${Buffer.from(JSON.stringify(place)).toString('base64url')}`;
  const now = '2026-01-01T20:00:00.000000Z';

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?session=derby', 'session'],
    ['?session=', 'session'],
    ['?actor=', 'actor'],
    ['?actor=a%00b', 'actor'],
    [`?actor=${'x'.repeat(2049)}`, 'actor'],
    ['?actor=a&actor=b', 'actor'],
    // Forms that no entry can have: an empty list would look like an answer.
    ['?actor=key:k%25', 'actor'],
    ['?actor=backend', 'actor'],
    ['?actor=user:anna', 'actor'],
    [`?actor=${encodeURIComponent('user:https://login.example.com#')}`, 'actor'],
    [`?actor=${encodeURIComponent('person:https://login.example.com#anna')}`, 'actor'],
    ['?from=yesterday', 'from'],
    ['?from=2026-01-01', 'from'],
    ['?from=2026-01-01T00:00:00', 'from'],
    ['?from=2026-02-30T00:00:00Z', 'from'],
    ['?from=0000-01-01T00:00:00Z', 'from'],
    ['?cursor=abc', 'cursor'],
    ['?cursor=', 'cursor'],
    [forged('2026-02-30T00:00:00.000000Z', 'key:a', 'close', ''), 'cursor'],
    [forged('0000-01-01T00:00:00.000000Z', 'key:a', 'close', ''), 'cursor'],
    [forged(now, 'a\0b', 'close', ''), 'cursor'],
    [forged(now, 'key:a', 'steal', ''), 'cursor'],
    [forged(now, 'key:a', 'close', 'derby'), 'cursor'],
    [forged(now, 'key:a', 'close', '', 1), 'cursor'],
    ['?colour=blue', 'colour'],
  ])('refuses %s and names the parameter', async (query, parameter) => {
    const { status, body } = await read(query);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'validation-failed', errors: [{ parameter }] });
  });
});
