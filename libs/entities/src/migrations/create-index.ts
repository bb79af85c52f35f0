import type { QueryRunner } from 'typeorm';

/** Up to this size an index is built within a moment, so its table can be locked meanwhile. */
const SMALL_BYTES = 8 * 1024 * 1024;
/** How long a concurrent build may wait for older transactions before it is checked what it waits for. */
const WAIT = '30s';
/** lock_not_available */
const LOCK_TIMEOUT = '55P03';

/**
 * Builds an index while the service runs; call it outside a transaction. Safe to repeat: an index that an interrupted
 * build left invalid is replaced.
 *
 * A concurrent build ends by waiting for every older transaction of the database. One of these can be another migrate
 * command that waits until this one has finished: the two would wait for each other. In that case the table is locked
 * against writes for the time of the build, and so is a small table.
 */
export async function createIndex(runner: QueryRunner, table: string, name: string, rest: string): Promise<void> {
  for (;;) {
    const state = await indexState(runner, name);
    if (state === 'valid') return;
    if (state === 'invalid') await runner.query(`DROP INDEX CONCURRENTLY ${name}`);
    if ((await isSmall(runner, table)) || (await isAwaited(runner))) {
      await runner.query(`CREATE INDEX ${name} ON ${table} ${rest}`);
      return;
    }
    await runner.query(`SET lock_timeout = '${WAIT}'`);
    try {
      await runner.query(`CREATE INDEX CONCURRENTLY ${name} ON ${table} ${rest}`);
    } catch (error) {
      if ((error as { code?: string }).code !== LOCK_TIMEOUT) throw error;
    } finally {
      await runner.query('RESET lock_timeout');
    }
  }
}

/** Drops an index without blocking the statements that use its table. Safe to repeat. */
export async function dropIndex(runner: QueryRunner, name: string): Promise<void> {
  await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
}

async function indexState(runner: QueryRunner, name: string): Promise<'absent' | 'invalid' | 'valid'> {
  const [index] = (await runner.query('SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)', [
    name,
  ])) as { valid: boolean }[];
  if (index === undefined) return 'absent';
  return index.valid ? 'valid' : 'invalid';
}

async function isSmall(runner: QueryRunner, table: string): Promise<boolean> {
  const [{ small } = { small: false }] = (await runner.query(
    'SELECT pg_relation_size(to_regclass($1)) <= $2 AS small',
    [table, SMALL_BYTES],
  )) as { small: boolean }[];
  return small;
}

/** Whether another migrate command waits for its turn (see `migrateSchema`). */
async function isAwaited(runner: QueryRunner): Promise<boolean> {
  const waiting = (await runner.query(
    `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  )) as unknown[];
  return waiting.length > 0;
}
