import type { QueryRunner } from 'typeorm';

/** Up to this size an index is built within a moment, so its table can be locked meanwhile. */
const SMALL_BYTES = 8 * 1024 * 1024;
/**
 * Builds an index while the service runs; call it outside a transaction. Safe to repeat: an index that an interrupted
 * build left invalid is replaced. A concurrent build ends by waiting for every older transaction of the database.
 */
export async function createIndex(
  runner: QueryRunner,
  table: string,
  name: string,
  rest: string,
  { unique = false } = {},
): Promise<void> {
  const state = await indexState(runner, name);
  if (state === 'valid') return;
  if (state === 'invalid') await runner.query(`DROP INDEX CONCURRENTLY ${name}`);
  const concurrently = (await isSmall(runner, table)) ? '' : 'CONCURRENTLY';
  await runner.query(`CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${concurrently} ${name} ON ${table} ${rest}`);
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
