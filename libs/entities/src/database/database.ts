import { StoreUnavailableError, withTimeout } from '@app/kernel';
import { Postgres, statementName, StoreOutageLog } from '@app/connections';
import { tracing } from '@app/tracing';
import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { ConnectionLostError, classifyDatabaseError, isReadOnlyServer } from './database-errors.js';
import type { Queryable, Statement } from './queryable.js';
import { assertWritable } from './usability.js';

/** Timeout of a transaction, as a multiple of the statement timeout. */
const TRANSACTION_FACTOR = 1.2;
/** An outage is over when nothing has failed for this long, in ms. */
const QUIET_MS = 5000;

/** The connections of the pool. */
interface PoolCounts {
  busy: number;
  idle: number;
  /** Callers that wait for a connection. */
  waiting: number;
  limit: number;
}

/**
 * Access to Postgres for the repositories. It uses the pool of TypeORM's data source directly, for two guarantees that
 * a query runner does not give: a connection on which a statement went unanswered is discarded instead of being handed
 * to the next caller, and no caller waits longer than the configured timeout.
 *
 * Errors are classified: `StoreUnavailableError`, `UniqueViolationError`, or anything else, which is a bug.
 */
@Injectable()
export class Database implements Queryable {
  private readonly outage: StoreOutageLog;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly postgres: Postgres,
  ) {
    this.outage = new StoreOutageLog({
      log: new Logger('Database'),
      store: 'database',
      place: () => postgres.place,
      meanwhile: 'requests that need it are answered with 503',
      quietMs: QUIET_MS,
    });
  }

  async query<R>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    return this.withClient((client) => this.run<R>(client, sql, parameters));
  }

  /** Rejects if this process could not read and write its tables now: for readiness. @throws StoreUnavailableError */
  async assertUsable(): Promise<void> {
    await assertWritable(this).catch((error: unknown) => {
      // Not noticed by a statement that failed: the connection went back to the pool.
      if (isReadOnlyServer(error)) this.postgres.replaceConnections();
      throw error instanceof StoreUnavailableError ? error : new StoreUnavailableError('database', { cause: error });
    });
  }

  /** The connections of this process, for its metrics. */
  get poolCounts(): PoolCounts {
    const { totalCount, idleCount, waitingCount, options } = this.pool;
    return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount, limit: options.max };
  }

  /** READ COMMITTED: every statement takes a new snapshot, which the rule "lock, then read" relies on. */
  async transaction<T>(work: (statements: Queryable) => Promise<T>): Promise<T> {
    const traces = tracing();
    return traces === null ? this.transact(work) : traces.transaction(() => this.transact(work));
  }

  /**
   * Statements in one transaction that are sent together, in one round trip: while this process is busy, each further one
   * would hold its locks until the event loop comes round. Nothing of them remains if one fails.
   *
   * @returns the rows of the last one
   */
  async transactionOf<R>(...statements: readonly Statement[]): Promise<R[]> {
    const traces = tracing();
    return traces === null ? this.pipeline(statements) : traces.transaction(() => this.pipeline(statements));
  }

  private pipeline<R>(statements: readonly Statement[]): Promise<R[]> {
    return this.withClient(async (client) => {
      setPipelining(client, true);
      try {
        const begun = control(client, 'BEGIN');
        const results = statements.map(([sql, parameters]) => this.run<R>(client, sql, parameters));
        // If one of them failed, Postgres takes it for ROLLBACK.
        const replies = await Promise.allSettled([begun, ...results, control(client, 'COMMIT')]);
        const failed = replies.find((reply) => reply.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
        return (await results.at(-1)) ?? [];
      } finally {
        setPipelining(client, false);
      }
    });
  }

  private transact<T>(work: (statements: Queryable) => Promise<T>): Promise<T> {
    return this.withClient(async (client) => {
      await control(client, 'BEGIN');
      try {
        const result = await work({ query: (sql, parameters) => this.run(client, sql, parameters) });
        await control(client, 'COMMIT');
        return result;
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) await control(client, 'ROLLBACK');
        throw error;
      }
    });
  }

  private async withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const { timeoutMs } = this.settings;
    try {
      const result = await withTimeout(timeoutMs * TRANSACTION_FACTOR, this.borrow(work), unanswered);
      this.outage.recovered();
      return result;
    } catch (error) {
      if (isReadOnlyServer(error)) this.postgres.replaceConnections();
      if (error instanceof StoreUnavailableError) this.outage.failed(error);
      throw error;
    }
  }

  /** Statements are prepared on each connection, unless told otherwise. */
  private async run<R>(client: PoolClient, sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    const name = this.settings.prepared ? statementName(sql) : undefined;
    const statement = { text: sql, values: [...parameters], ...(name !== undefined && { name }) };
    const traces = tracing();
    const result =
      traces === null
        ? await client.query(statement).catch(rethrowClassified)
        : await traces.statement(sql, () => client.query(statement).catch(rethrowClassified));
    return result.rows as R[];
  }

  private get settings(): { timeoutMs: number; prepared: boolean } {
    return this.dataSource.options.extra as { timeoutMs: number; prepared: boolean };
  }

  private async borrow<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch(rethrowClassified);
    // Between two statements of a transaction there is no other listener, and an unhandled 'error' ends the process.
    let lost = false;
    const onError = (): void => {
      lost = true;
    };
    client.on('error', onError);
    try {
      return await work(client);
    } catch (error) {
      lost ||= error instanceof ConnectionLostError;
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

/** Whether statements are sent without waiting for the reply to the one before. An option of pg, missing from its types. */
function setPipelining(client: PoolClient, on: boolean): void {
  (client as unknown as { pipeline: boolean }).pipeline = on;
}

async function control(client: PoolClient, sql: 'BEGIN' | 'COMMIT' | 'ROLLBACK'): Promise<void> {
  await client.query(sql).catch(rethrowClassified);
}

function unanswered(): StoreUnavailableError {
  return new StoreUnavailableError('database', { cause: new Error('no response') });
}

function rethrowClassified(error: unknown): never {
  throw classifyDatabaseError(error);
}
