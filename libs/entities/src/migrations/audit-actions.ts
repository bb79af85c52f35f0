import type { QueryRunner } from 'typeorm';
import { withoutQueueing } from './without-queueing.js';

const CONSTRAINT = 'audit_entries_action_known';

/**
 * Lets the audit trail take further actions, beside those that it takes already; call it outside a transaction. Safe to
 * repeat. Rows that exist are not read under the lock.
 */
export async function allowAuditActions(runner: QueryRunner, actions: readonly string[]): Promise<void> {
  await replace(runner, (known) => [...known, ...actions.filter((action) => !known.includes(action))]);
  await runner.query(`ALTER TABLE audit_entries VALIDATE CONSTRAINT ${CONSTRAINT}`);
}

/** Undoes `allowAuditActions` for new entries; those that exist are kept. */
export async function forbidAuditActions(runner: QueryRunner, actions: readonly string[]): Promise<void> {
  await replace(runner, (known) => known.filter((action) => !actions.includes(action)));
}

async function replace(runner: QueryRunner, change: (known: string[]) => string[]): Promise<void> {
  const [{ definition } = { definition: '' }] = (await runner.query(
    'SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE conname = $1 AND conrelid = to_regclass($2)',
    [CONSTRAINT, 'audit_entries'],
  )) as { definition: string }[];
  const known = [...definition.matchAll(/'([a-z:-]+)'/g)].map(([, action = '']) => action);
  const list = change(known).map((action) => `'${action}'`);
  await withoutQueueing(
    runner,
    `ALTER TABLE audit_entries DROP CONSTRAINT ${CONSTRAINT},
       ADD CONSTRAINT ${CONSTRAINT} CHECK (action IN (${list.join(', ')})) NOT VALID`,
  );
}
