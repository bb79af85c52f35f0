import { StoreUnavailable, within } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { ConnectionLost, sortDatabaseError } from './database-errors.js';

/** Runs one statement and gives its rows: for SELECT, and for INSERT, UPDATE and DELETE with RETURNING alike. */
export interface Statements {
  rows<R>(sql: string, parameters?: readonly unknown[]): Promise<R[]>;
}

/** A whole transaction may take this many times the limit of one statement. */
const TRANSACTION_FACTOR = 1.2;

/**
 * The door to Postgres for the repositories. It uses the pool of TypeORM's data source directly, because two things
 * matter here that a query runner does not offer: a connection on which something went unanswered is thrown away
 * instead of being handed to the next caller, and no caller waits longer than the configured limit.
 *
 * Errors leave here sorted: `StoreUnavailable`, `UniqueViolation`, or what is a bug of ours.
 */
@Injectable()
export class Database implements Statements {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async rows<R>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    return this.withClient((client) => run<R>(client, sql, parameters));
  }

  /** READ COMMITTED: every statement takes a new view, which the lock-then-look rule relies on. */
  async transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
    return this.withClient(async (client) => {
      await run(client, 'BEGIN');
      try {
        const result = await work({ rows: (sql, parameters) => run(client, sql, parameters) });
        await run(client, 'COMMIT');
        return result;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) await run(client, 'ROLLBACK');
        throw error;
      }
    });
  }

  private withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const { timeoutMs } = this.dataSource.options.extra as { timeoutMs: number };
    return within(timeoutMs * TRANSACTION_FACTOR, this.borrow(work), () => new StoreUnavailable('database'));
  }

  private async borrow<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch(rethrowSorted);
    // Between two statements of a transaction nobody else listens: a server that dies then would end this process.
    let lost = false;
    const onError = (): void => {
      lost = true;
    };
    client.on('error', onError);
    try {
      return await work(client);
    } catch (error) {
      lost ||= error instanceof ConnectionLost;
      throw error;
    } finally {
      client.off('error', onError);
      client.release(lost);
    }
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }
}

async function run<R>(client: PoolClient, sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
  const result = await client.query(sql, parameters as unknown[]).catch(rethrowSorted);
  return result.rows as R[];
}

function rethrowSorted(error: unknown): never {
  throw sortDatabaseError(error);
}
