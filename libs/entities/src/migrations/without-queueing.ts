import { sleep } from '@app/kernel';
import type { QueryRunner } from 'typeorm';

/** Requests queue behind a statement that waits for an exclusive lock: it gives up after this time. */
const LOCK_TIMEOUT = '2s';
const RETRY_AFTER_MS = 1000;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Runs a statement that takes an exclusive lock of a table in use; call it outside a transaction. While a longer
 * transaction has the table open, such as a backup, it tries again and again, and requests go on in between.
 */
export async function withoutQueueing(runner: QueryRunner, statement: string): Promise<void> {
  await runner.query(`SET lock_timeout = '${LOCK_TIMEOUT}'`);
  try {
    while (!(await tryOnce(runner, statement))) await sleep(RETRY_AFTER_MS);
  } finally {
    await runner.query('RESET lock_timeout');
  }
}

async function tryOnce(runner: QueryRunner, statement: string): Promise<boolean> {
  try {
    await runner.query(statement);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}
