/** Runs one statement and returns its rows: SELECT, or INSERT, UPDATE and DELETE with RETURNING. */
export interface Queryable {
  query<R>(sql: string, parameters?: readonly unknown[]): Promise<R[]>;
}

/** SQL and its parameters. */
export type Statement = readonly [sql: string, parameters?: readonly unknown[]];
