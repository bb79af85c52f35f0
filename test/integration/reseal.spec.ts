import { randomBytes } from 'node:crypto';
import { ResealingRepository } from '@app/entities';
import { newSessionId, sleep } from '@app/kernel';
import { KeyRing } from '@app/sealing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { expectKnown, stock } from '../support/pool.js';
import { TestApp } from '../support/test-app.js';
import { Process } from '../support/process.js';

const TOKENS = 3000;
const key = (id: string) => ({ id, key: randomBytes(32) });
const [k1, k2, k9] = [key('k1'), key('k2'), key('k9')];
const asText = (...keys: (typeof k1)[]) => keys.map(({ id, key: bytes }) => `${id}:${bytes.toString('base64')}`).join();
const OLD_FIRST = asText(k1, k2);
const NEW_FIRST = asText(k2, k1);

let testApp: TestApp;
beforeAll(async () => {
  testApp = await TestApp.open({ worker: false, env: { TOKEN_ENCRYPTION_KEYS: OLD_FIRST } });
});
afterAll(() => testApp.end());

function launch(ring: string): Process {
  const env = { NODE_ENV: 'test', DATABASE_URL: testApp.database.url, TOKEN_ENCRYPTION_KEYS: ring };
  return new Process('cli', env, ['reseal']);
}

async function reseal(ring: string) {
  const run = launch(ring);
  const { code } = await run.exited;
  await run.silent;
  const text = run.everything();
  expect(text).not.toMatch(/v1\.|token-of/);
  return { code, text };
}

/** Ready sessions, each with one token of its own. */
async function fill(ring: KeyRing, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, newSessionId);
  const sealed = ids.map((sessionId) => ring.seal(`token-of-${sessionId}`, { sessionId, product: 'stream' }).sealed);
  await testApp.database.rows(
    `INSERT INTO sessions (id, generation, status, products, created_by, deadline_at, due_at, ready_at, expires_at)
     SELECT id, 1, 'ready', '{stream}', 'key:test', now(), now(), now(), now() + interval '1 hour'
     FROM unnest($1::text[]) id`,
    [ids],
  );
  await testApp.database.rows(
    `INSERT INTO session_tokens (session_id, product, sealed, key_id, expires_at)
     SELECT id, 'stream', sealed, $3, now() + interval '1 hour' FROM unnest($1::text[], $2::text[]) t (id, sealed)`,
    [ids, sealed, ring.sealingKeyId],
  );
  return ids;
}

const uses = async () => {
  const rows = await testApp.database.rows<{ key_id: string; n: number }>(
    'SELECT key_id, count(sealed)::int AS n FROM session_tokens GROUP BY key_id',
  );
  return Object.fromEntries(rows.map(({ key_id, n }) => [key_id, n]));
};
const sealedOf = async (id: string) =>
  (
    await testApp.database.rows<{ sealed: string | null }>('SELECT sealed FROM session_tokens WHERE session_id = $1', [
      id,
    ])
  )[0]?.sealed;

describe('reseal', () => {
  it('that is killed goes on where it was, beside a second one, and no read sees a difference', async () => {
    const ids = await fill(new KeyRing([k1, k2]), TOKENS);
    const [first = '', second = ''] = ids;
    const killed = launch(NEW_FIRST);
    await eventually(async () => {
      expect((await uses()).k2).toBeGreaterThan(0);
    }, 20_000);
    await killed.kill9();
    const { k1: left = 0, k2: done = 0 } = await uses();
    expect([left > 0, done > 0, left + done]).toEqual([true, true, TOKENS]);

    const runs = Promise.all([reseal(NEW_FIRST), reseal(NEW_FIRST)]);
    const state = { running: true };
    void runs.finally(() => (state.running = false));
    for (let n = 0; state.running; n++) {
      const id = ids[(n * 791) % TOKENS] ?? '';
      const { status, body } = await testApp.client.read(id);
      expect([status, body.tokens?.stream, body.version]).toEqual([200, `token-of-${id}`, 1]);
      await sleep(5);
      if (n === 10) expect((await testApp.client.close(second)).status).toBe(204);
    }
    const complete = /^(\d+) of \1 tokens$/m;
    const ended = await runs;
    for (const { code, text } of ended) {
      expect(text).toContain('No tokens are sealed with k1: safe to remove from the ring.');
      // A run that starts only after the other one has finished has no progress to show.
      if (!text.includes('0 tokens resealed with')) expect(text).toMatch(complete);
      expect(code).toBe(0);
    }
    expect(ended.some(({ text }) => complete.test(text))).toBe(true);
    expect(await uses()).toMatchObject({ k2: TOKENS - 1 });
    expect(await sealedOf(second)).toBeNull();
    const alone = await testApp.startGateway({ TOKEN_ENCRYPTION_KEYS: asText(k2) });
    expect((await alone.client.read(first)).body.tokens).toEqual({ stream: `token-of-${first}` });
  }, 120_000);

  it('seals the sets of the warm pool again, which are taken as before', async () => {
    const [set = ''] = await stock(testApp, 450);
    const { code, text } = await reseal(NEW_FIRST);
    expect(text).toContain('900 tokens resealed with key k2.');
    expect([code, text]).toEqual([0, expect.stringContaining('No tokens are sealed with k1: safe to remove')]);
    const alone = await testApp.startGateway({ TOKEN_ENCRYPTION_KEYS: asText(k2) });
    await expectKnown(alone);
    const { body } = await alone.client.create({ body: { products: ['stream', 'sync'] } });
    expect(body).toMatchObject({ id: set, tokens: { stream: `stream-of-${set}`, sync: `sync-of-${set}` } });
    await testApp.database.rows('DELETE FROM pool_sets');
  });

  it('leaves what it cannot open as it is, names its key, and fails', async () => {
    const [foreign = ''] = await fill(new KeyRing([k9]), 3);
    const [broken = ''] = await fill(new KeyRing([key('k1')]), 1);
    const [good = ''] = await fill(new KeyRing([k1]), 1);
    const before = [await sealedOf(foreign), await sealedOf(broken)];
    const { code, text } = await reseal(NEW_FIRST);
    expect(code).toBe(1);
    expect(text).toContain('3 tokens skipped: key k9 is not in the ring.');
    expect(text).toMatch(new RegExp(`1 token skipped: cannot be decrypted.*${broken}`));
    expect(text).toContain('1 token resealed with key k2.');
    expect([await sealedOf(foreign), await sealedOf(broken)]).toEqual(before);
    expect((await testApp.client.read(good)).body.tokens).toEqual({ stream: `token-of-${good}` });

    const done = await reseal(asText(k2, k1, k9));
    expect([done.code, done.text.includes('3 tokens resealed')]).toEqual([1, true]);
    await testApp.client.close(broken);
    expect((await reseal(asText(k2))).code).toBe(0);
  }, 120_000);

  it('never brings back a token that was erased, and never waits for locks', async () => {
    const repository = testApp.gateway.app.get(ResealingRepository);
    const ring = new KeyRing([k2, k1]);
    const ids = await fill(new KeyRing([k1]), 3);
    const [closed = '', held = '', free = ''] = ids;
    const read = await repository.sealedBy('k1', null, 10);
    expect(read.map(({ sessionId }) => sessionId).sort()).toEqual([...ids].sort());
    const resealed = read.map((token) => ({ ...token, ...ring.seal(ring.open(token.sealed, token), token) }));
    const batch = read.map((token, n) => ({ ...token, resealed: resealed[n]?.sealed ?? '' }));

    await testApp.client.close(closed);
    const closing = await testApp.database.pool.connect();
    await closing.query('BEGIN');
    await closing.query('UPDATE session_tokens SET sealed = NULL WHERE session_id = $1', [held]);
    expect(await repository.replace('k2', batch)).toBe(1);
    await closing.query('COMMIT');
    closing.release();
    expect(await repository.replace('k2', batch)).toBe(0);
    expect([await sealedOf(closed), await sealedOf(held)]).toEqual([null, null]);
    expect((await testApp.client.read(free)).body.tokens).toEqual({ stream: `token-of-${free}` });
  });
});
