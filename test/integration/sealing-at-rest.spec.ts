import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Client } from '../support/client.js';
import { describeOn, TestApp, QUEUES } from '../support/test-app.js';
import { Process } from '../support/process.js';

/** The beginning alone would now and then stand in random bytes. */
const TOKEN = /eyJ[\w-]+\./;

for (const queue of QUEUES) {
  describeOn(queue)(`at rest, with the queue in ${queue}`, () => {
    let testApp: TestApp;
    let client: Client;
    let tokens: string[];
    beforeAll(async () => {
      testApp = await TestApp.open({ queue });
      client = testApp.client;
      const body = { products: ['stream', 'sync'], metadata: { match: 'derby' } };
      const ready = await client.openRoom('ready', { wait: 10, body });
      tokens = Object.values(ready.body.tokens ?? {});
      // Sessions and jobs in every state, so that whatever is ever kept is there.
      const closed = await client.openRoom('closed', { wait: 10, key: 'k' });
      await client.close(closed.body.id);
      await testApp.cas.fault({ kind: 'status', status: 400, times: 1 });
      await client.openRoom('failed', { wait: 10 });
      await testApp.cas.fault({ kind: 'expired-token' });
      await client.openRoom('tried again', { wait: 1 });
    });
    afterAll(() => testApp.end());

    /** Everything that is kept, as text. */
    async function everything(): Promise<string> {
      const tables = await testApp.database.rows<{ name: string }>(`
        SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables
        WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`);
      const rows = await Promise.all(
        tables.map(({ name }) => testApp.database.rows<{ text: string }>(`SELECT t::text AS text FROM ${name} t`)),
      );
      return [...rows.flat().map(({ text }) => text), ...(await everythingInRedis())].join('\n');
    }

    async function everythingInRedis(): Promise<string[]> {
      if (queue !== 'redis') return [];
      const redis = new Redis(process.env.TEST_REDIS_URL ?? '');
      const keys = await redis.keys('*');
      const values = await Promise.all(keys.map((key) => valueOf(redis, key)));
      await redis.quit();
      const kept = [...keys, ...values.map((value) => JSON.stringify(value))];
      // The job that waits for its next try is among them.
      expect(kept.join()).toContain('sessionId');
      return kept;
    }

    /** Not by DUMP, which compresses. */
    async function valueOf(redis: Redis, key: string): Promise<unknown> {
      switch (await redis.type(key)) {
        case 'hash':
          return redis.hgetall(key);
        case 'stream':
          return redis.xrange(key, '-', '+');
        case 'list':
          return redis.lrange(key, 0, -1);
        case 'zset':
          return redis.zrange(key, 0, -1);
        case 'set':
          return redis.smembers(key);
        default:
          return redis.get(key);
      }
    }

    it('no token stands in clear, in no table and in no job', async () => {
      expect(tokens).toHaveLength(2);
      const text = await everything();
      expect(text).toContain('derby');
      expect(text).not.toMatch(TOKEN);
      for (const token of tokens) expect(text).not.toContain(token.split('.')[2]);
    });

    it('no secret of CAS, no API key and no sealing key stands anywhere', async () => {
      const text = await everything();
      const [, , secret = ''] = testApp.apiKey.split('_');
      const [, key = ''] = testApp.sealingKeys.split(':');
      for (const hush of [testApp.cas.apiKey, testApp.cas.apiSecret, secret, key]) expect(text).not.toContain(hush);
      expect(text).not.toContain(Buffer.from(key, 'base64').toString('hex'));
    });

    it('each token is sealed for its session and product', async () => {
      const rows = await testApp.database.rows<{ sealed: string; key_id: string }>(
        `SELECT sealed, key_id FROM session_tokens t JOIN sessions s ON s.id = t.session_id WHERE s.room = 'ready'`,
      );
      expect(rows).toHaveLength(2);
      for (const row of rows) expect(row).toEqual({ sealed: expect.stringMatching(/^v1\.k1\./), key_id: 'k1' });
      // Exchanged between the two products they do not open: a fault of ours, and not a wrong token.
      await testApp.database.rows(`
        UPDATE session_tokens t SET sealed = o.sealed FROM session_tokens o, sessions s
        WHERE s.room = 'ready' AND t.session_id = s.id AND o.session_id = s.id AND o.product <> t.product`);
      const reply = await client.readRoom('ready');
      expect(reply.status).toBe(503);
      expect(reply.body).toMatchObject({ code: 'unavailable' });
      expect(reply.text).not.toMatch(TOKEN);
    });
  });
}

describe('a process in production', () => {
  const launch = async (app: 'gateway' | 'worker' | 'cas-sandbox', env: Record<string, string>) => {
    const started = new Process(app, env);
    const exit = await started.exited;
    return { ...exit, said: started.everything() };
  };
  const DATABASE_URL = 'postgres://u:hush@127.0.0.1:1/x';

  it.each(['gateway', 'worker'] as const)('refuses to start without a key for tokens at rest: %s', async (app) => {
    const cas = { CAS_URL: 'https://cas.example', CAS_API_KEY: 'hush', CAS_API_SECRET: 'hush' };
    const { code, said } = await launch(app, { DATABASE_URL, ...cas });
    expect(code).toBe(1);
    expect(said).toBe('Invalid configuration:\n  - TOKEN_ENCRYPTION_KEYS is not set');
  });

  it('names all that is wrong at once, and no value', async () => {
    const { code, said } = await launch('worker', {
      DATABASE_URL: 'hush',
      TOKEN_ENCRYPTION_KEYS: `hush:${randomBytes(8).toString('base64')}`,
      CAS_URL: 'http://hush.example',
      CAS_API_KEY: 'hush',
      MINT_CONCURRENCY: 'hush',
      OPS_PORT: '70000',
      FAILPOINT: 'hush',
    });
    expect(code).toBe(1);
    for (const name of [
      'DATABASE_URL',
      'TOKEN_ENCRYPTION_KEYS',
      'CAS_URL must be https in production',
      'CAS_API_SECRET is not set',
      'MINT_CONCURRENCY',
      'OPS_PORT must be at most 65535',
      'FAILPOINT must not be set in production',
    ]) {
      expect(said).toContain(`  - ${name}`);
    }
    expect(said).not.toContain('hush');
    expect(said).not.toContain('    at ');
  });

  it('is never the CAS sandbox', async () => {
    const { code, said } = await launch('cas-sandbox', { CAS_API_KEY: 'hush', CAS_API_SECRET: 'hush' });
    expect(code).toBe(1);
    expect(said).toContain('does not run in production');
    expect(said).not.toContain('hush');
  });
});
