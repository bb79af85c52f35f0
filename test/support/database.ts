import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { eventually } from './eventually.js';

export interface TestDatabase {
  url: string;
  pool: pg.Pool;
  rows<R extends pg.QueryResultRow>(sql: string, parameters?: unknown[]): Promise<R[]>;
  /** Fails if a connection is still open: a leak. */
  drop(): Promise<void>;
}

/** Connections that were left open, by their last query. */
class Leak extends Error {
  constructor(readonly queries: string[]) {
    super('connections were left open');
  }
}

/** A database of its own for one test file, cloned from the migrated template. */
export async function cloneDatabase(): Promise<TestDatabase> {
  const adminUrl = process.env.TEST_PG_URL ?? '';
  const name = `wt_${randomBytes(6).toString('hex')}`;
  await admin(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${process.env.TEST_PG_TEMPLATE ?? ''}`);
  const url = adminUrl.replace(/\/postgres$/, `/${name}`);
  const database = connectDatabase(url);
  return {
    ...database,
    drop: async () => {
      await database.pool.end();
      // Postgres takes a moment to notice that a socket was closed.
      const leaks = await eventually(async () => {
        const found = await admin<{ query: string }>(
          adminUrl,
          'SELECT query FROM pg_stat_activity WHERE datname = $1',
          [name],
        );
        if (found.length > 0) throw new Leak(found.map(({ query }) => query));
        return [];
      }, 5000).catch((error: unknown) => (error instanceof Leak ? error.queries : [String(error)]));
      await admin(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
      if (leaks.length > 0) throw new Error(`connections were left open: ${JSON.stringify(leaks)}`);
    },
  };
}

/** Access to an existing database. `drop` only closes it. */
export function connectDatabase(url: string): TestDatabase {
  const pool = new pg.Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 5000 });
  pool.on('error', () => undefined);
  return {
    url,
    pool,
    rows: async <R extends pg.QueryResultRow>(sql: string, parameters: unknown[] = []) =>
      (await pool.query<R>(sql, parameters)).rows,
    drop: () => pool.end(),
  };
}

async function admin<R extends pg.QueryResultRow>(url: string, sql: string, parameters: unknown[] = []): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<R>(sql, parameters)).rows;
  } finally {
    await client.end();
  }
}
