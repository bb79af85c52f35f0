import { Database, type Queryable } from '@app/entities';
import { jest } from '@jest/globals';
import type { TestDatabase } from './database.js';

export interface Statement {
  sql: string;
  parameters: readonly unknown[];
}

/** The statements that repositories of this process send while `work` runs. */
export async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const sent: Statement[] = [];
  const note = (sql: string, parameters: readonly unknown[] = []) => sent.push({ sql, parameters });
  const originals = Object.create(null, Object.getOwnPropertyDescriptors(Database.prototype)) as Database;
  const spies = [
    jest.spyOn(Database.prototype, 'query').mockImplementation(function (this: Database, sql, parameters) {
      note(sql, parameters);
      return originals.query.call(this, sql, parameters);
    }),
    jest.spyOn(Database.prototype, 'transaction').mockImplementation(function (this: Database, inside) {
      return originals.transaction.call(this, (statements) => {
        const noting: Queryable = {
          query: (sql, parameters) => {
            note(sql, parameters);
            return statements.query(sql, parameters);
          },
        };
        return inside(noting);
      });
    }),
    jest.spyOn(Database.prototype, 'transactionOf').mockImplementation(function (
      this: Database,
      ...statements: (readonly [sql: string, parameters?: readonly unknown[]])[]
    ) {
      for (const [sql, parameters] of statements) note(sql, parameters);
      return originals.transactionOf.call(this, ...statements);
    }),
  ];
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return sent;
}

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

interface Explained {
  'QUERY PLAN': [{ Plan: Plan }];
}

/**
 * The tables that Postgres would read from beginning to end for this statement, planned for these parameters or, as for a
 * prepared statement after some executions, for any.
 */
export async function scannedTables(database: TestDatabase, { sql, parameters }: Statement): Promise<string[]> {
  const plans = [
    ...(await database.rows<Explained>(`EXPLAIN (FORMAT JSON) ${sql}`, [...parameters])),
    ...(await database.rows<Explained>(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${sql}`)),
  ];
  return plans.flatMap((row) => scansOf(row['QUERY PLAN'][0].Plan));
}

/** The rows that this statement reads from tables and indexes, those that it then drops included. Changes nothing. */
export async function rowsRead(database: TestDatabase, { sql, parameters }: Statement): Promise<number> {
  const client = await database.pool.connect();
  try {
    await client.query('BEGIN');
    const explain = `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${sql}`;
    const { rows } = await client.query<Explained>(explain, [...parameters]);
    return rows[0] === undefined ? 0 : readBy(rows[0]['QUERY PLAN'][0].Plan);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

function readBy(plan: Plan): number {
  const perLoop = (plan['Actual Rows'] ?? 0) + (plan['Rows Removed by Filter'] ?? 0);
  // What another part of the statement has read counts there.
  const isRead = plan['Node Type'].endsWith('Scan') && plan['Node Type'] !== 'CTE Scan';
  const own = isRead ? perLoop * (plan['Actual Loops'] ?? 1) : 0;
  return (plan.Plans ?? []).reduce((sum, child) => sum + readBy(child), own);
}

function scansOf(plan: Plan): string[] {
  const own = plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? ''] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scansOf)];
}
