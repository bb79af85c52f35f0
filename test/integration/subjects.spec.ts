import { randomUUID } from 'node:crypto';
import { SettingsModule } from '@app/config';
import { EntitiesModule, SubjectsRepository } from '@app/entities';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { cloneDatabase, type TestDatabase } from '../support/database.js';
import { runCommand } from '../support/cli.js';

const ISSUER = 'https://login.example.com';
const OTHER = 'https://other.example.com/tenant';
/** Those whose names a careless statement would take for others, or others for them. */
const SUBJECTS = [
  'anna',
  'ann',
  'Anna',
  'anna2',
  '%',
  '_nna',
  'a%',
  '#',
  'a#b',
  'b',
  '#anna',
  'anna#',
  `${ISSUER}#anna`,
  'user:erased',
  'erased',
  'zoë 🎈',
  'zoe',
  "o'neil; --",
  '\\',
  '-x',
  'a\nb',
];
/** An API key that issued tickets. */
const KEY = 'backend1';
const everybody = [
  ...[ISSUER, OTHER].flatMap((issuer) => SUBJECTS.map((sub) => ({ issuer, sub, id: `user:${issuer}#${sub}` }))),
  ...SUBJECTS.map((sub) => ({ issuer: KEY, sub, id: `ticket:${KEY}#${sub}` })),
];
const OTHERS = ['key:anna', 'room-api', 'cli', 'key:person:x#anna'];

let database: TestDatabase;
let app: INestApplicationContext;
beforeAll(async () => {
  database = await cloneDatabase();
  const settings = { database: { url: database.url, pool: 4, timeoutMs: 5000, bootTimeoutMs: 5000 } };
  @Module({ imports: [await SettingsModule.with(settings), EntitiesModule] })
  class Repositories {}
  app = await NestFactory.createApplicationContext(Repositories, { logger: false });
});
afterAll(async () => {
  await app.close();
  await database.drop();
});
beforeEach(async () => {
  await database.rows('TRUNCATE sessions, session_tokens, seats, idempotency_keys, audit_entries');
  const callers = [...everybody.map(({ id }) => id), ...OTHERS];
  await database.rows(
    `INSERT INTO sessions (id, generation, status, products, created_by, deadline_at, due_at)
     SELECT 'ses_' || lpad((2 * c.n + k)::text, 22, '0'), 1, 'pending', '{stream}', c.id, now(), now()
     FROM unnest($1::text[]) WITH ORDINALITY c (id, n), generate_series(0, 1) k`,
    [callers],
  );
  await database.rows(
    `INSERT INTO sessions (id, generation, status, products, chat_subject, created_by, deadline_at, due_at)
     SELECT 'cht_' || lpad((2 * c.n + k)::text, 22, '0'), 1, CASE k WHEN 0 THEN 'closed' ELSE 'pending' END, '{chat}',
            c.subject, 'key:backend', now(), now()
     FROM unnest($1::text[]) WITH ORDINALITY c (subject, n), generate_series(0, 1) k`,
    [SUBJECTS],
  );
  await database.rows(
    `INSERT INTO idempotency_keys (caller, key, fingerprint, session_id)
     SELECT created_by, 'key ' || row_number() OVER (PARTITION BY created_by), 'x', id FROM sessions WHERE chat_subject IS NULL`,
  );
  await database.rows(
    `INSERT INTO seats (id, session_id, name, folded_name, role, taken_by, lease_until)
     SELECT 'seat_' || id, id, 'Anna', 'anna', 'viewer', created_by, now() + interval '1 minute' FROM sessions WHERE chat_subject IS NULL`,
  );
  await database.rows(
    `INSERT INTO audit_entries (id, at, actor, action, session_id, count)
     SELECT gen_random_uuid(), date_trunc('minute', now()), s.created_by, a.action, s.id, a.count
     FROM sessions s, (VALUES ('create', 1), ('read-tokens', 5), ('read-tokens', 2)) a (action, count)
     WHERE s.chat_subject IS NULL`,
  );
});

/** What the command does, without the process around it. */
const erase = (sub: string, issuer: string | null = null) => app.get(SubjectsRepository).erase(sub, issuer);

const cli = (args: string[], url = database.url) => runCommand(['subjects', 'erase', ...args], { DATABASE_URL: url });

/** How many rows name each caller, in each table. */
async function named(): Promise<Record<string, string>> {
  const rows = await database.rows<{ caller: string; found: string }>(
    `SELECT caller, string_agg(place || ' ' || n, ', ' ORDER BY place) AS found FROM (
       SELECT created_by AS caller, 'sessions' AS place, count(*) AS n FROM sessions WHERE chat_subject IS NULL GROUP BY 1
       UNION ALL SELECT 'chat of ' || chat_subject, 'tokens', count(*) FROM sessions WHERE chat_subject IS NOT NULL GROUP BY 1
       UNION ALL SELECT caller, 'keys', count(*) FROM idempotency_keys GROUP BY 1
       UNION ALL SELECT taken_by, 'seats', count(*) FROM seats GROUP BY 1
       UNION ALL SELECT actor, 'audit', count(*) FROM audit_entries GROUP BY 1) f
     GROUP BY caller`,
  );
  return Object.fromEntries(rows.map(({ caller, found }) => [caller, found]));
}

const without = (all: Record<string, string>, gone: string[]) =>
  Object.fromEntries(Object.entries(all).filter(([caller]) => !gone.includes(caller)));
const totals = () =>
  database.rows(
    `SELECT action, session_id, sum(count)::int AS count, (SELECT count(*)::int FROM sessions WHERE chat_subject IS NULL) AS sessions
     FROM audit_entries GROUP BY 1, 2 ORDER BY 1, 2`,
  );

describe('erasing a person', () => {
  it.each(SUBJECTS)('%j removes this user from every row and no other, and leaves the counts', async (sub) => {
    const [before, sums] = [await named(), await totals()];
    expect(await erase(sub)).toEqual({ sessions: 6, chatTokens: 2, idempotencyKeys: 6, seats: 6, auditEntries: 18 });
    const gone = everybody.filter((person) => person.sub === sub).map(({ id }) => id);
    expect(gone).toHaveLength(3);
    expect(await named()).toEqual({
      ...without(before, [...gone, `chat of ${sub}`]),
      'user:erased': 'audit 18, sessions 6',
    });
    expect(await totals()).toEqual(sums);
  });

  it.each(SUBJECTS)(
    '%j of one issuer leaves the one of another, except for chat tokens, which have no issuer',
    async (sub) => {
      const before = await named();
      expect(await erase(sub, OTHER)).toEqual({
        sessions: 2,
        chatTokens: 2,
        idempotencyKeys: 2,
        seats: 2,
        auditEntries: 6,
      });
      const wanted = {
        ...without(before, [`user:${OTHER}#${sub}`, `chat of ${sub}`]),
        'user:erased': 'audit 6, sessions 2',
      };
      expect(await named()).toEqual(wanted);
    },
  );

  it.each(SUBJECTS)('%j as the holder of tickets of one key leaves the user of that name', async (sub) => {
    const before = await named();
    expect(await erase(sub, KEY)).toEqual({
      sessions: 2,
      chatTokens: 2,
      idempotencyKeys: 2,
      seats: 2,
      auditEntries: 6,
    });
    const gone = [`ticket:${KEY}#${sub}`, `chat of ${sub}`];
    const wanted = { ...without(before, gone), 'user:erased': 'audit 6, sessions 2' };
    expect(await named()).toEqual(wanted);
  });

  it('may be done again, and for the next one: those who are erased are one', async () => {
    await erase('anna');
    const after = await named();
    expect(await erase('anna')).toEqual({ sessions: 0, chatTokens: 0, idempotencyKeys: 0, seats: 0, auditEntries: 0 });
    expect(await named()).toEqual(after);
    await erase('ann');
    expect((await named())['user:erased']).toBe('audit 36, sessions 12');
  });

  it('goes through more rows than one batch holds', async () => {
    const many = `user:${ISSUER}#many`;
    await database.rows(
      `INSERT INTO sessions (id, generation, status, products, created_by, deadline_at, due_at)
       SELECT 'ses_many' || lpad(n::text, 22, '0'), 1, 'pending', '{stream}', $1, now(), now() FROM generate_series(1, 6000) n`,
      [many],
    );
    await database.rows(
      `INSERT INTO sessions (id, generation, status, products, chat_subject, created_by, deadline_at, due_at)
       SELECT 'cht_many' || lpad(n::text, 22, '0'), 1, 'closed', '{chat}', 'many', 'key:backend', now(), now()
       FROM generate_series(1, 6000) n`,
    );
    await database.rows(
      `INSERT INTO audit_entries (id, at, actor, action, session_id, count)
       SELECT gen_random_uuid(), now(), created_by, 'create', id, 1 FROM sessions WHERE created_by = $1`,
      [many],
    );
    expect(await erase('many')).toEqual({
      sessions: 6000,
      chatTokens: 6000,
      idempotencyKeys: 0,
      seats: 0,
      auditEntries: 6000,
    });
    expect((await named())[many]).toBeUndefined();
  });

  it('is a command that says how many rows it was', async () => {
    const before = await named();
    const { code, text } = await cli(['--issuer', OTHER, '--', '-x']);
    expect(code).toBe(0);
    expect(text).toContain(
      'Erased from 2 sessions, 2 idempotency keys, 2 seats and 6 entries of the audit trail. Chat tokens deleted: 2.',
    );
    const wanted = { ...without(before, [`user:${OTHER}#-x`, 'chat of -x']), 'user:erased': 'audit 6, sessions 2' };
    expect(await named()).toEqual(wanted);
  }, 60_000);

  it('repeats the name nowhere, not even when the database is away', async () => {
    const sub = `canary-${randomUUID()}`;
    const away = database.url.replace(/:\d+\//, ':1/');
    const [done, failed] = [await cli([sub]), await cli([sub], away)];
    expect([done.code, failed.code]).toEqual([0, 1]);
    expect(done.text + failed.text).not.toContain(sub);
  }, 60_000);

  it('refuses to erase without a subject', async () => {
    const before = await named();
    const tries = [await cli([]), await cli(['']), await cli(['anna', '--issuer', ''])];
    expect(tries.map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(await named()).toEqual(before);
  }, 60_000);
});
