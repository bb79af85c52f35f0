import { hangUp, type PostgresAccess, ReadOnlyServerError, statementName } from '@app/connections';
import { withTimeout } from '@app/kernel';
import {
  type BackendFactory,
  createPostgresBackend as createBullBackend,
  type PostgresConnectionOptions,
} from 'bullmq';
import type { Pool, PoolClient } from 'pg';
import { DELIVER_WEBHOOKS } from './deliver-webhooks.job.js';

/** Size of the connection pool of a queue and of its worker each, LISTEN connection included. */
const POOL = 5;
/** The same for webhooks, whose queue has a job for each endpoint and no more. */
const WEBHOOKS_POOL = 2;
/** Client and server timeout of the queue's statements, in ms. None of them should have to wait for a lock. */
const STATEMENT_TIMEOUT_MS = 4000;
const HEARTBEAT_EVERY_MS = 1500;
const HEARTBEAT_WITHIN_MS = 2000;
/** BullMQ's own schema. */
const SCHEMA = 'bullmq';

/** The parts of BullMQ's Postgres connection that are reached into. */
interface BullConnection {
  waitUntilReady(): Promise<void>;
  close(): Promise<void>;
  readyPromise?: Promise<void> | undefined;
  listenClient?: PoolClient | undefined;
}

/**
 * BullMQ's Postgres backend, on a pool from `access`:
 *
 * - `DATABASE_URL` may have options of its own, and lead through a pooler that refuses startup parameters;
 * - its LISTEN connection has a heartbeat, and if that stops, all connections are replaced. BullMQ relies on TCP
 *   keepalive, so that a silent connection would keep jobs waiting for up to a minute;
 * - BullMQ checks its schema before the first statement and caches the result, including a failure: a process that
 *   started while Postgres was slow would never reach its queue. A cached failure is dropped, so that the next
 *   statement repeats the check;
 * - its statements are prepared.
 */
export function createPostgresBackend(access: PostgresAccess): BackendFactory {
  return (name, options, factoryOptions) => {
    const max = name === DELIVER_WEBHOOKS ? WEBHOOKS_POOL : POOL;
    const pool = prepareStatements(access.newPool({ max, timeoutMs: STATEMENT_TIMEOUT_MS, searchPath: SCHEMA }));
    const backend = createBullBackend(
      name,
      { ...options, connection: pool as unknown as PostgresConnectionOptions },
      factoryOptions,
    );
    const connection = backend.connection as unknown as BullConnection;
    const check = connection.waitUntilReady.bind(connection);
    connection.waitUntilReady = async () => {
      try {
        await check();
      } catch (error) {
        connection.readyPromise = undefined;
        throw error;
      }
    };
    const heartbeat = setInterval(() => void beat(connection, access), HEARTBEAT_EVERY_MS).unref();
    const close = connection.close.bind(connection);
    connection.close = async () => {
      clearInterval(heartbeat);
      await close();
      if (!pool.ending) await pool.end();
    };
    return backend;
  };
}

/**
 * Replaces all connections of the process if the one that listens does not answer, or leads to a read-only server: most
 * likely the others do the same. BullMQ then connects and listens again.
 */
async function beat({ listenClient }: BullConnection, access: PostgresAccess): Promise<void> {
  if (listenClient === undefined) return;
  try {
    const answer = listenClient.query<{ transaction_read_only: string }>('SHOW transaction_read_only');
    const { rows } = await withTimeout(HEARTBEAT_WITHIN_MS, answer, () => new Error('no response'));
    if (rows[0]?.transaction_read_only === 'on') throw new ReadOnlyServerError();
  } catch (error) {
    access.replaceConnections(error as Error);
    hangUp(listenClient, error as Error);
  }
}

function prepareStatements(pool: Pool): Pool {
  const query = pool.query.bind(pool) as (statement: object) => Promise<unknown>;
  const prepared = (text: string, values: unknown[] = []): Promise<unknown> => {
    const name = statementName(text);
    return query({ text, values, ...(name !== undefined && { name }) });
  };
  return Object.assign(pool, { query: prepared });
}
