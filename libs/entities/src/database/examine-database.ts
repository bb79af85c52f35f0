import type { PostgresAccess, PostgresClient } from '@app/connections';
import { describeCause } from '@app/kernel';
import { keepsSession, listens } from './pooling.js';
import { type DatabaseState, databaseState } from './schema.js';
import { withTwoClients } from './two-clients.js';
import { assertWritable } from './usability.js';

export interface DatabaseFindings extends DatabaseState {
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
  /** The role of this connection, and why it cannot write the tables: a standby, or a missing right. */
  role: string;
  superuser: boolean;
  notWritable: string | null;
}

/** Tests the requirements of this service on a database. Changes nothing in it. */
export async function examineDatabase(access: PostgresAccess): Promise<DatabaseFindings> {
  const state = await databaseState(access);
  if (state.state === 'unavailable') return state;
  const server = await withTwoClients(access, (one, other) => examine(access, one, other)).catch(() => undefined);
  return { ...state, ...(server !== undefined && { server }) };
}

async function examine(access: PostgresAccess, one: PostgresClient, other: PostgresClient): Promise<ServerFindings> {
  const before = Date.now();
  const { rows } = await one.query<{ version: string; major: number; now: number; role: string; superuser: boolean }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
            (1000 * extract(epoch FROM clock_timestamp()))::float8 AS now, current_user AS role,
            current_setting('is_superuser') = 'on' AS superuser`,
  );
  const [server] = rows;
  if (server === undefined) throw new Error('a SELECT without FROM returned no row');
  const skewS = ((before + Date.now()) / 2 - server.now) / 1000;
  const queryable = {
    query: async <R>(sql: string, parameters: readonly unknown[] = []) =>
      (await one.query(sql, [...parameters])).rows as R[],
  };
  return {
    version: server.version,
    major: server.major,
    role: server.role,
    superuser: server.superuser,
    skewS,
    keepsSession: await keepsSession(one, other).catch(() => false),
    listens: await listens(one, other).catch(() => false),
    notWritable: await assertWritable(queryable).then(
      () => null,
      (error: unknown) => describeCause(access.place, error),
    ),
  };
}
