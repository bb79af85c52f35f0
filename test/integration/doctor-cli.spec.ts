import { randomBytes } from 'node:crypto';
import { newSessionId } from '@app/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/ports.mjs';
import { type RunningSandbox, startCasSandbox } from '../support/cas-sandbox.js';
import { cloneDatabase, type TestDatabase } from '../support/database.js';
import { runCommand } from '../support/cli.js';
import { startTransactionPooler } from '../support/transaction-pooler.js';

const ring = (...ids: string[]) => ids.map((id) => `${id}:${randomBytes(32).toString('base64')}`).join();

let database: TestDatabase;
let cas: RunningSandbox;
beforeAll(async () => {
  [database, cas] = await Promise.all([cloneDatabase(), startCasSandbox()]);
});
afterAll(async () => {
  await cas.close();
  await database.drop();
});

const doctor = (env: Record<string, string>, ...args: string[]) => runCommand(['doctor', ...args], env);

/** The beginnings of the lines: the sign and the check. */
const signs = (text: string) => text.split('\n').map((line) => line.slice(0, 15).trim());

async function put(count: number, keyId: string, sealed: string | null): Promise<void> {
  const ids = Array.from({ length: count }, newSessionId);
  await database.rows(
    `INSERT INTO sessions (id, generation, status, products, created_by, deadline_at, due_at, created_at)
     SELECT id, 1, 'pending', '{stream}', 'key:test', now() + interval '1 hour', now() + interval '1 hour',
            now() - interval '75 seconds' FROM unnest($1::text[]) id`,
    [ids],
  );
  await database.rows(
    `INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at)
     SELECT id, 'stream', $2::text || id, $3, now() + interval '1 hour' FROM unnest($1::text[]) id`,
    [ids, sealed, keyId],
  );
}

const addKey = (id: string, expires: string | null) =>
  database.rows(
    `INSERT INTO api_keys (id, name, secret_sha256, scopes, expires_at) VALUES ($1, 'backend', '', '{}', now() + $2::interval)`,
    [id, expires],
  );

describe('doctor', () => {
  it('finds nothing where all is well, and asks CAS for no token', async () => {
    await addKey('lasting', null);
    const { TEST_REDIS_URL } = process.env;
    const { code, text } = await doctor({
      DATABASE_URL: database.url,
      TOKEN_ENCRYPTION_KEYS: ring('k1'),
      ...{ CAS_URL: cas.url, CAS_API_KEY: cas.apiKey, CAS_API_SECRET: cas.apiSecret },
      ...(TEST_REDIS_URL !== undefined && { REDIS_URL: TEST_REDIS_URL }),
    });
    expect(signs(text)).toEqual([
      ...['✓ configuration', '✓ database', '✓ schema', '✓ connections', '✓ clock', '✓ key ring', '✓ API keys'],
      ...['✓ pending', '✓ queue'],
      // The Redis of the tests keeps nothing on disk.
      ...(TEST_REDIS_URL === undefined ? [] : ['✓ queue rights', '✓ queue memory', '! queue disk']),
      '✓ CAS',
    ]);
    expect(code).toBe(0);
    expect((await cas.summary()).total.calls).toBe(0);
  }, 90_000);

  it('says what it was not told, and works with what it was', async () => {
    await put(2, 'k1', 'sealed');
    const { code, text } = await doctor({ DATABASE_URL: database.url }, '--json');
    const findings = JSON.parse(text) as { check: string; level: string; text: string }[];
    expect(findings.filter(({ level }) => level === 'not-checked')).toEqual([
      expect.objectContaining({
        check: 'configuration',
        text: 'TOKEN_ENCRYPTION_KEYS, CAS_URL, CAS_API_KEY, CAS_API_SECRET not set in this shell; the rest is valid',
      }),
      expect.objectContaining({ check: 'key ring', text: expect.stringContaining('k1 seals 2 tokens') }),
      expect.objectContaining({ check: 'CAS' }),
    ]);
    expect(findings.find(({ check }) => check === 'queue')).toMatchObject({ level: 'ok' });
    expect(code).toBe(0);
  }, 90_000);

  it('finds all that is wrong in one run, says what to do, and shows no value', async () => {
    await put(3, 'k9', 'sealed');
    await addKey('ending', '3 days');
    const pooler = await startTransactionPooler(database.url);
    const closed = `127.0.0.1:${await freePort()}`;
    const keys = ring('k2', 'k1');
    const { code, text } = await doctor({
      DATABASE_URL: pooler.url,
      TOKEN_ENCRYPTION_KEYS: keys,
      REDIS_URL: `redis://:hush-3141@${closed}`,
      ...{ CAS_URL: `http://${closed}`, CAS_API_KEY: 'hush-3141', CAS_API_SECRET: 'hush-3141' },
      PORT: 'hush-3141',
    });
    await pooler.close();
    for (const line of [
      '✗ configuration  PORT must be a whole number → ',
      '✗ connections    session state is lost between two statements → connect to PostgreSQL directly',
      '✗ key ring       k9 seals 3 tokens but is not in the ring',
      '! API keys       ending (backend) expires in 2 days → ',
      '! pending        oldest session: ',
      `✗ queue          Redis at ${closed}: connection refused (ECONNREFUSED) → `,
      `✗ CAS            host ${closed} is unreachable (ECONNREFUSED) → `,
    ]) {
      expect(text).toContain(line);
    }
    expect(text).not.toMatch(/hush-3141/);
    expect(text).not.toContain(keys.slice(3, 20));
    expect(code).toBe(1);
  }, 90_000);

  it('tells the stage of a rotation', async () => {
    await database.rows('DELETE FROM sessions');
    await put(2, 'k1', 'sealed');
    const stage = async (...ids: string[]) => {
      const { code, text } = await doctor({ DATABASE_URL: database.url, TOKEN_ENCRYPTION_KEYS: ring(...ids) });
      expect(code).toBe(0);
      return /^.*key ring.*$/m.exec(text)?.[0];
    };
    expect(await stage('k1', 'k2')).toContain('if k2 is a new key, move it to the front');
    expect(await stage('k2', 'k1')).toMatch(/^! .*still k1 seals 2 tokens → .*reseal/);
    await database.rows(`UPDATE session_tokens SET key_id = 'k2'`);
    await put(1, 'k1', null);
    expect(await stage('k2', 'k1')).toMatch(/^✓ .*k1 no longer seals any → k1 can be removed from the ring/);
  }, 120_000);

  it('says when the schema is missing, and when there is no database at all', async () => {
    const empty = await doctor({ DATABASE_URL: process.env.TEST_PG_URL ?? '' });
    const nothing = await doctor({});
    expect(signs(empty.text)).toEqual(expect.arrayContaining(['✓ database', '✗ schema', '! rows', '✗ queue']));
    expect(empty.text).toContain('npm run migrate');
    expect(nothing.text).toContain('✗ database       DATABASE_URL is not set');
    expect([empty.code, nothing.code]).toEqual([1, 1]);
  }, 90_000);
});
