import { StartupError, sleep } from '@app/kernel';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source-options.js';

/** Migrating may take long. Postgres and pg both read 0 as "no limit". */
const NO_LIMIT = 0;

/** Runs this product's migrations. Gives the names of those that ran. */
export async function migrateSchema(url: string): Promise<string[]> {
  const source = await new DataSource(dataSourceOptions({ url, pool: 2, timeoutMs: NO_LIMIT })).initialize();
  try {
    // Two migrate steps at once (two replicas of a one-shot job) wait for each other.
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
 * Waits until the database answers and its schema is at least as new as this code. Called before anything else of a
 * process starts: a process is never up but deaf.
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
    if (performance.now() > end) throw new StartupError(`${FAULTS[state]} (waited ${String(timeoutMs / 1000)} s)`);
    if (told !== state) onWait(state);
    told = state;
    await sleep(LOOK_EVERY_MS);
  }
}

const LOOK_EVERY_MS = 500;
const FAULTS = {
  'no-answer': 'The database does not answer',
  refused: 'The database refuses this process: look at user, password and name of the database',
  'old-schema': 'The schema is older than this process: run the migrate step',
};

export type DatabaseState = 'ready' | keyof typeof FAULTS;

/** Whether the database answers, lets this process in, and has a schema at least as new as this code. */
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

/** SQLSTATE 28…: the credentials; 3D…: no such database; 42…: no right to what is there. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^(28|3D|42)/.test(code);
}
