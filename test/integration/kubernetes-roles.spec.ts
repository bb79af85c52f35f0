import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { runCommand } from '../support/cli.js';
import { ofKind } from '../support/helm-policies.mjs';
import { render } from '../support/helm.js';
import { helmProgram } from '../../tools/helm-program.mjs';

const sql = (name: string) => readFileSync(join(import.meta.dirname, '../../deploy/sql', name), 'utf8');
const ROLES = ['watchtogether', 'watchtogether_app', 'watchtogether_scaler'];

describe('the roles of deploy/sql', () => {
  const name = `wt_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const urlOf = (role?: string) => {
    const url = new URL(process.env.TEST_PG_URL ?? '');
    url.pathname = `/${name}`;
    if (role !== undefined) [url.username, url.password] = [role, password];
    return url.href;
  };
  const as = async <T>(role: string | undefined, statement: string, url = urlOf(role)): Promise<T[]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(statement)).rows as T[];
    } finally {
      await client.end();
    }
  };
  const [OWNER, APP, SCALER] = ROLES;

  beforeAll(async () => {
    await as(undefined, `CREATE DATABASE ${name}`, process.env.TEST_PG_URL);
    for (const _ of ['once', 'again']) await as(undefined, sql('roles.sql'));
    // \password of psql, in short. Other tests may have made one of the roles.
    for (const role of ROLES) await as(undefined, `ALTER ROLE ${role} PASSWORD '${password}'`);
    const { code, text } = await runCommand(['migrate'], { DATABASE_URL: urlOf(OWNER) });
    expect([code, text]).toEqual([0, expect.stringContaining('migrate: done')]);
    for (const _ of ['once', 'again']) await as(OWNER, sql('after-migration.sql'));
  });
  afterAll(async () => {
    await as(undefined, `ALTER ROLE watchtogether_app PASSWORD 'app'`);
    await as(undefined, `DROP DATABASE ${name} WITH (FORCE)`, process.env.TEST_PG_URL);
  });

  it('satisfy the doctor, with the queue in Postgres, without docker/grants.sql', async () => {
    const { lines } = await runCommand(['doctor'], { DATABASE_URL: urlOf(APP) });
    const rights = lines.find((line) => line.includes('rights'));
    expect(rights).toContain('watchtogether_app can read and write the tables');
    expect(lines.filter((line) => line.startsWith('✗'))).toEqual([]);
  });

  it('let gateways and workers use what a later migration creates', async () => {
    await as(OWNER, 'CREATE TABLE of_a_later_release (id int GENERATED ALWAYS AS IDENTITY)');
    await as(APP, 'INSERT INTO of_a_later_release DEFAULT VALUES');
    expect(await as(APP, 'SELECT id FROM of_a_later_release')).toEqual([{ id: 1 }]);
  });

  it.each([
    ['watchtogether_app', 'DELETE FROM migrations'],
    ['watchtogether_app', 'CREATE TABLE public.own (id int)'],
    ['watchtogether_app', 'ALTER TABLE sessions ADD COLUMN own int'],
    ['watchtogether_scaler', 'SELECT room FROM sessions'],
    ['watchtogether_scaler', 'SELECT * FROM session_tokens'],
    ['watchtogether_scaler', 'SELECT * FROM bullmq.job'],
    ['watchtogether_scaler', `START TRANSACTION READ WRITE; UPDATE sessions SET status = 'closed'`],
  ])('do not let %s: %s', async (role, statement) => {
    await expect(as(role, statement)).rejects.toMatchObject({ code: '42501' });
  });

  (helmProgram() ? it : it.skip)('let KEDA count what is pending, by the query of the chart', async () => {
    await as(
      OWNER,
      `INSERT INTO sessions (id, room, generation, status, products, failure_code, created_by, deadline_at, due_at)
       SELECT 'ses_' || state || n, state || n, 1, split_part(state, '-', 1), '{stream}', CASE state WHEN 'failed' THEN 'x' END,
              'key:test', now() + CASE state WHEN 'pending-late' THEN -1 ELSE 1 END * interval '5 min', now()
       FROM unnest(ARRAY['pending', 'pending-late', 'failed', 'closed']) AS state, generate_series(1, 120) AS n`,
    );
    const counted = async (keda: Record<string, number>): Promise<unknown> => {
      const { manifests } = await render(
        { worker: { concurrency: 20, keda: { enabled: true, ...keda } } },
        { examples: ['small.yaml'] },
      );
      const { triggers } = ofKind(manifests, 'ScaledObject')[0]?.spec as {
        triggers: { metadata: { query: string } }[];
      };
      const [row] = await as<{ count: string }>(SCALER, triggers[0]?.metadata.query ?? '');
      return Number(row?.count);
    };
    expect(await counted({ maxReplicas: 50 })).toBe(120);
    // Never more than the most workers can take: the cost of a count does not grow with the backlog.
    expect(await counted({ maxReplicas: 3 })).toBe(60);
  });
});
