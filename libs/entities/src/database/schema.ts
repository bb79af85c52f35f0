import { StartupError, endpoint, sleep } from '@app/kernel';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source-options.js';

/** Migrations may take long. Both Postgres and pg treat 0 as "no limit". */
const NO_LIMIT = 0;

/** Runs the pending migrations and returns their names. */
export async function migrateSchema(url: string): Promise<string[]> {
  const source = await new DataSource(dataSourceOptions({ url, pool: 2, timeoutMs: NO_LIMIT })).initialize();
  try {
    // Serializes concurrent migrate commands, such as two replicas of a one-shot job.
    const lock = new Client({ connectionString: url });
    await lock.connect();
    try {
      await lock.query(`SELECT pg_advisory_lock(hashtext('watchtogether-auth-server/migrate'))`);
      const ran = await source.runMigrations();
      return ran.map((migration) => migration.name);
    } finally {
      await lock.end();
    }
  } finally {
    await source.destroy();
  }
}

/**
 * Waits until the database is available and its schema is at least as new as this code. Called before the process
 * starts anything else, so that it never runs without a working database connection.
 *
 * @throws StartupError after `timeoutMs`
 */
export async function waitForDatabase(
  url: string,
  timeoutMs: number,
  onWait: (reason: keyof typeof FAULTS) => void,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  let told: string | undefined;
  for (;;) {
    const state = await schemaState(url);
    if (state === 'ready') return;
    if (performance.now() > end)
      throw new StartupError(`${FAULTS[state]} (${endpoint(url)}, waited ${String(timeoutMs / 1000)} s)`);
    if (told !== state) onWait(state);
    told = state;
    await sleep(LOOK_EVERY_MS);
  }
}

const LOOK_EVERY_MS = 500;
const FAULTS = {
  'no-answer': 'The database is unavailable',
  refused: 'The database refused the connection: check user, password and database name',
  'old-schema': 'The database schema is older than this release: run the migrate command',
};

export type DatabaseState = 'ready' | keyof typeof FAULTS;

/** Whether the database is available, accepts the credentials, and has a schema at least as new as this code. */
export async function schemaState(url: string): Promise<DatabaseState> {
  const source = new DataSource(dataSourceOptions({ url, pool: 1, timeoutMs: 2000 }));
  try {
    await source.initialize();
    return (await source.showMigrations()) ? 'old-schema' : 'ready';
  } catch (error) {
    return isRefusal(error) ? 'refused' : 'no-answer';
  } finally {
    if (source.isInitialized) await source.destroy().catch(() => undefined);
  }
}

/** SQLSTATE 28…: invalid credentials; 3D…: unknown database; 42…: insufficient privileges. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^(28|3D|42)/.test(code);
}
