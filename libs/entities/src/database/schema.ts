import { PostgresAccess, type PostgresAccessSettings, type PostgresClient } from '@app/connections';
import { classifyCause, describeCause, StartupError, sleep } from '@app/kernel';
import { DataSource } from 'typeorm';
import { dataSourceOptions, MIGRATIONS } from './data-source-options.js';
import { keepsSession } from './pooling.js';
import { withTwoClients } from './two-clients.js';

/** Migrations may take long. Both Postgres and pg treat 0 as "no limit". */
const NO_LIMIT = 0;
const LOOK_EVERY_MS = 500;

/** Runs the pending migrations and returns their names. @throws StartupError that names the cause */
export async function migrateSchema(access: PostgresAccess): Promise<string[]> {
  const source = new DataSource(dataSourceOptions(access, { pool: 2, timeoutMs: NO_LIMIT }));
  await source.initialize().catch((error: unknown) => {
    throw new StartupError(describeCause(access.place, error), { cause: error });
  });
  try {
    // Serializes concurrent migrate commands, such as two replicas of a one-shot job.
    const lock = access.newClient();
    await lock.connect();
    try {
      await takeTurn(lock);
      const ran = await source.runMigrations();
      return ran.map((migration) => migration.name);
    } finally {
      await lock.end();
    }
  } finally {
    await source.destroy();
  }
}

/** Polls, since a statement that waits for the lock would block the concurrent building of an index by its holder. */
async function takeTurn(lock: PostgresClient): Promise<void> {
  for (;;) {
    const { rows } = await lock.query<{ mine: boolean }>(
      `SELECT pg_try_advisory_lock(hashtext('watchtogether-auth-server/migrate')) AS mine`,
    );
    if (rows[0]?.mine === true) return;
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * Waits until the database is available, keeps sessions, and its schema is at least as new as this code. Called before
 * the process starts anything else, so that it never runs without a working database connection.
 *
 * @param onWait receives one sentence per change of cause: part, place, what and what to do
 * @param needsSession whether a pooler in transaction mode is refused; commands that do not LISTEN work behind it
 * @throws StartupError after `timeoutMs`, or at once behind such a pooler
 */
export async function waitForDatabase(
  settings: PostgresAccessSettings,
  timeoutMs: number,
  onWait: (reason: string) => void,
  { needsSession = true } = {},
): Promise<void> {
  const access = new PostgresAccess(settings, onWait);
  const end = performance.now() + timeoutMs;
  let told: string | undefined;
  try {
    for (;;) {
      const { state, text } = await databaseState(access);
      if (state === 'ready' || (state === 'transaction-pooling' && !needsSession)) return;
      if (state === 'transaction-pooling') throw new StartupError(text);
      if (performance.now() > end) throw new StartupError(`${text} (waited ${String(timeoutMs / 1000)} s)`);
      if (told !== text) onWait(text);
      told = text;
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    access.close();
  }
}

export interface DatabaseState {
  state: 'ready' | 'unavailable' | 'old-schema' | 'transaction-pooling';
  /** A sentence for operators; empty if ready. */
  text: string;
}

/** Whether the database is available, accepts the credentials, and has a schema at least as new as this code. */
export async function databaseState(access: PostgresAccess): Promise<DatabaseState> {
  try {
    return await withTwoClients(access, async (one, other) => {
      if (!(await isMigrated(one))) return { state: 'old-schema', text: oldSchema(access) };
      if (await keepsSession(one, other)) return { state: 'ready', text: '' };
      const text = `${access.place}: a pooler in transaction mode, behind which LISTEN does not work; connect directly or through session pooling`;
      return { state: 'transaction-pooling', text };
    });
  } catch (error) {
    if (classifyCause(error).kind === 'not-migrated') return { state: 'old-schema', text: oldSchema(access) };
    return { state: 'unavailable', text: describeCause(access.place, error) };
  }
}

/** Reads the table that TypeORM keeps, without its own check, which would create the table. */
async function isMigrated(client: PostgresClient): Promise<boolean> {
  const names = MIGRATIONS.map(({ name }) => name);
  const { rows } = await client.query('SELECT 1 FROM migrations WHERE name = ANY($1)', [names]);
  return rows.length === names.length;
}

function oldSchema(access: PostgresAccess): string {
  return `${access.place}: the schema is older than this release; run npm run migrate`;
}
