import { existsSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import type { TestDatabase } from './database.js';

/** Secrets by name, and every form in which one may have been written. */
export class Canaries {
  private readonly forms: { name: string; form: string }[] = [];

  /** Names a secret from now on. What is too short to be told from chance is a mistake of the test's. */
  plant(name: string, ...secrets: string[]): void {
    for (const secret of secrets) {
      if (secret.length < 16) throw new Error(`${name} is too short to be found`);
      for (const form of new Set(formsOf(secret))) this.forms.push({ name, form });
    }
  }

  /** The names of those that stand in a text, in whatever form. */
  in(text: string): string[] {
    const found = this.forms.filter(({ form }) => text.includes(form)).map(({ name }) => name);
    return [...new Set(found), ...(JWT.test(text) ? ['something like a JWT'] : [])];
  }
}

/** Tokens that were issued and never published are unknown; their beginning is known. */
const JWT = /eyJ[\w-]{8,}\.[\w-]/;

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('latin1'),
    hex,
    hex.toUpperCase(),
    ...insideBase64(bytes, 'base64'),
    ...insideBase64(bytes, 'base64url'),
  ];
}

/** What of these bytes stays the same in Base64, whatever comes before and after them. */
function insideBase64(bytes: Buffer, encoding: 'base64' | 'base64url'): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString(encoding)
      .replace(/=+$/, '');
    return text.slice(before === 0 ? 0 : before + 1, -1);
  });
}

/** Every row of every table, of the queue's schema as well, and what Postgres knows of its connections. */
export async function databaseDump(database: TestDatabase): Promise<string> {
  const tables = await database.rows<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const parts = tables.map(async ({ name }) => {
    const rows = await database.rows<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    return [name, ...rows.map(({ row }) => row)];
  });
  const connections = await database.rows('SELECT application_name, query FROM pg_stat_activity');
  return [...(await Promise.all(parts)).flat(), JSON.stringify(connections)].join('\n');
}

/** Every key of every type, as values and as Redis itself would dump it, and what it knows of its clients. */
export async function redisDump(url: string): Promise<string> {
  const redis = new Redis(url);
  try {
    const parts: string[] = [String(await redis.call('CLIENT', 'LIST'))];
    for (const key of await redis.keys('*')) {
      const dump = await redis.callBuffer('DUMP', key);
      // A key may be gone by now.
      if (!Buffer.isBuffer(dump)) continue;
      parts.push(key, dump.toString('latin1'), JSON.stringify(await valueOf(redis, key)));
    }
    return parts.join('\n');
  } finally {
    redis.disconnect();
  }
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, 0, -1, 'WITHSCORES');
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      return null;
  }
}

/** How a process shows itself to everybody on its machine; nothing where there is no /proc. */
export function processTitle(pid: number): string {
  const files = ['cmdline', 'comm'].map((file) => `/proc/${pid}/${file}`);
  return files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n');
}
