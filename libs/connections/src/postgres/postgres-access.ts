import { parsePostgresUrl, type PostgresTarget, UrlFault } from '@app/config';
import { describeCause } from '@app/kernel';
import { type ClientBase, type ClientConfig, Pool } from 'pg';
import { RotatingUrl } from '../rotating-url.js';
import { PoolRenewal } from './pool-renewal.js';
import { PostgresClient } from './postgres-client.js';
import { ReadOnlyServerError } from './read-only-server-error.js';

export interface PostgresAccessSettings {
  url: string;
  /** The file that the URL was read from, if any. */
  urlFile?: string | undefined;
}

export interface PostgresPoolOptions {
  max: number;
  /** For connecting, acquiring a connection and each statement, in ms; 0 for no limit. */
  timeoutMs: number;
  /** Schemas to search, if not the role's own. */
  searchPath?: string;
}

const PROBE_WITHIN_MS = 3000;
/** Connections are replaced after this time, so that all of them follow a failover, a new password or a new host, in s. */
const MAX_LIFETIME_S = 300;
const DEFAULT_PORT = 5432;

/** How this process reaches Postgres. It must be closed if the URL came from a file, which is then reread. */
export class PostgresAccess {
  private target: PostgresTarget;
  private readonly url: RotatingUrl;
  private readonly renewals: PoolRenewal[] = [];

  /** @param report receives one line per change of state, for the log */
  constructor({ url, urlFile }: PostgresAccessSettings, report: (line: string) => void = () => undefined) {
    this.target = parsePostgresUrl(url);
    this.url = new RotatingUrl({
      variable: 'DATABASE_URL',
      url,
      file: urlFile,
      faultOf,
      // Connections are renewed one by one: those that are open go on.
      adopt: (candidate) => {
        this.target = parsePostgresUrl(candidate);
        return `new connections to ${this.place} use it`;
      },
      report,
    });
  }

  /** For logs and errors, without credentials: `PostgreSQL at db.example:5432`. */
  get place(): string {
    const { host = 'localhost', port = DEFAULT_PORT } = this.target;
    return `PostgreSQL at ${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  }

  /** Whether connections are encrypted, and whether the certificate of the server is checked. */
  get tls(): 'none' | 'unverified' | 'verified' {
    if (this.target.ssl === false) return 'none';
    return this.target.ssl.rejectUnauthorized === false ? 'unverified' : 'verified';
  }

  /** A single connection, not yet established. */
  newClient(config: ClientConfig = {}): PostgresClient {
    return new PostgresClient(config, this.target);
  }

  /**
   * A pool whose connections use the current URL. The server's timeouts are set after connecting, since poolers such as
   * PgBouncer refuse them as startup parameters. A connection to a read-only server is used once: the next one may lead
   * to the primary.
   */
  newPool({ max, timeoutMs, searchPath }: PostgresPoolOptions): Pool {
    const current = (): PostgresTarget => this.target;
    class CurrentClient extends PostgresClient {
      constructor(config: ClientConfig = {}) {
        super(config, current());
      }
    }
    const parameters = {
      ...(timeoutMs > 0 && {
        statement_timeout: String(timeoutMs),
        idle_in_transaction_session_timeout: String(timeoutMs * 2),
      }),
      ...(searchPath !== undefined && { search_path: searchPath }),
    };
    const pool = new Pool({
      Client: CurrentClient,
      max,
      connectionTimeoutMillis: timeoutMs,
      ...(timeoutMs > 0 && { query_timeout: timeoutMs }),
      maxLifetimeSeconds: MAX_LIFETIME_S,
      keepAlive: true,
      verify: (client, done) => {
        setParameters(client, parameters).then(({ readOnly }) => {
          if (readOnly) renewal.useOnce(client);
          done();
        }, done);
      },
    });
    pool.on('error', () => undefined);
    const renewal = new PoolRenewal(pool);
    this.renewals.push(renewal);
    return pool;
  }

  /**
   * To be called when a connection turns out to be silent, or to lead to a read-only server, as after a failover: most
   * likely others are the same, and reads on them would hang or show the past. New connections reach the primary.
   */
  replaceConnections(reason: Error = new ReadOnlyServerError()): void {
    for (const renewal of this.renewals) renewal.replaceAll(reason);
  }

  close(): void {
    this.url.stop();
  }
}

/** Why a connection by this URL fails, or null. */
async function faultOf(url: string): Promise<string | null> {
  try {
    await probe(parsePostgresUrl(url));
    return null;
  } catch (error) {
    return error instanceof UrlFault ? `the URL ${error.message}` : describeCause('a connection by it', error);
  }
}

/** Returns what kind of server it is, in the same round trip. */
async function setParameters(
  client: ClientBase,
  parameters: Record<string, string>,
): Promise<{ readOnly: boolean | undefined }> {
  const { rows } = await client.query<{ readOnly: boolean }>(
    `SELECT current_setting('transaction_read_only') = 'on' AS "readOnly",
            ARRAY(SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS parameters (name, value))`,
    [Object.keys(parameters), Object.values(parameters)],
  );
  return { readOnly: rows[0]?.readOnly };
}

async function probe(target: PostgresTarget): Promise<void> {
  const client = new PostgresClient(
    { connectionTimeoutMillis: PROBE_WITHIN_MS, query_timeout: PROBE_WITHIN_MS },
    target,
  );
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    client.hangUp();
  }
}
