import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Client } from 'pg';
import { type DatabaseState, schemaState } from './schema.js';

const ANSWER_WITHIN_MS = 3000;

export interface DatabaseFindings {
  state: DatabaseState;
  /** Absent if the server could not be reached. */
  server?: ServerFindings;
}

export interface ServerFindings {
  /** The version as reported by the server, and its major version. */
  version: string;
  major: number;
  /** Seconds by which this process is ahead of the database; negative if behind. */
  skewS: number;
  /** Whether a connection keeps its server session. Behind transaction pooling it does not. */
  keepsSession: boolean;
  /** Whether LISTEN receives notifications. */
  listens: boolean;
}

/** Tests the requirements of this service on a database. Changes nothing in it. */
export async function examineDatabase(url: string): Promise<DatabaseFindings> {
  const state = await schemaState(url);
  const options = { connectionString: url, connectionTimeoutMillis: ANSWER_WITHIN_MS, query_timeout: ANSWER_WITHIN_MS };
  const [one, other] = [new Client(options), new Client(options)];
  for (const client of [one, other]) client.on('error', () => undefined);
  try {
    await one.connect();
    await other.connect();
    return { state, server: await examine(one, other) };
  } catch {
    return { state };
  } finally {
    await Promise.all([one, other].map((client) => client.end().catch(() => undefined)));
  }
}

async function examine(one: Client, other: Client): Promise<ServerFindings> {
  const before = Date.now();
  const { rows } = await one.query<{ version: string; major: number; now: number }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
            (1000 * extract(epoch FROM clock_timestamp()))::float8 AS now`,
  );
  const [server] = rows;
  if (server === undefined) throw new Error('a SELECT without FROM returned no row');
  return {
    version: server.version,
    major: server.major,
    skewS: ((before + Date.now()) / 2 - server.now) / 1000,
    keepsSession: await keepsSession(one, other).catch(() => false),
    listens: await listens(one, other).catch(() => false),
  };
}

/** The transaction on `other` occupies the server session that a pooler would otherwise reuse for `one`. */
async function keepsSession(one: Client, other: Client): Promise<boolean> {
  const mark = randomBytes(8).toString('hex');
  await one.query(`SELECT set_config('watchtogether.mark', $1, false)`, [mark]);
  await other.query('BEGIN');
  await other.query('SELECT 1');
  try {
    const { rows } = await one.query<{ mark: string | null }>(
      `SELECT current_setting('watchtogether.mark', true) AS mark`,
    );
    return rows[0]?.mark === mark;
  } finally {
    await other.query('ROLLBACK');
  }
}

async function listens(one: Client, other: Client): Promise<boolean> {
  const channel = `watchtogether_${randomBytes(8).toString('hex')}`;
  await one.query(`LISTEN ${channel}`);
  const heard = once(one, 'notification', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  await other.query('SELECT pg_notify($1, $2)', [channel, '']);
  await heard;
  await one.query(`UNLISTEN ${channel}`);
  return true;
}
