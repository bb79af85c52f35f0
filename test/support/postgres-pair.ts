import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../tools/ports.mjs';
import { type RunningPostgres, startPostgres } from '../../tools/postgres.mjs';
import { eventually } from './eventually.js';

const DATABASE = 'watchtogether';

/**
 * A primary and its standby, by streaming replication. Commits wait for the standby, so what was acknowledged is on both.
 * Which of the two is the primary is the test's to change.
 */
export class PostgresPair {
  private constructor(
    private readonly directory: string,
    public first: RunningPostgres,
    public second: RunningPostgres,
  ) {}

  static async start(): Promise<PostgresPair> {
    const directory = mkdtempSync(join(tmpdir(), 'watchtogether-pair-'));
    chmodSync(directory, 0o711);
    const [one, other] = [await freePort(), await freePort()];
    const fresh = await server(directory, 'first', one);
    await fresh.stop('fast');
    // What pg_basebackup does, for a server that is stopped.
    execFileSync('cp', ['-a', join(directory, 'first'), join(directory, 'second')]);
    const first = await server(directory, 'first', one, { synchronous_standby_names: '*' });
    const second = await standbyOf(directory, 'second', other, first);
    await eventually(async () => {
      const [row] = await rowsOf(first, 'SELECT sync_state FROM pg_stat_replication');
      if (row?.sync_state !== 'sync') throw new Error('the standby does not follow');
    });
    return new PostgresPair(directory, first, second);
  }

  /** The second becomes the primary. */
  async promoteSecond(): Promise<void> {
    await rowsOf(this.second, 'SELECT pg_promote()');
  }

  /** The first refuses writes from now on. Its connections stay. */
  async makeFirstReadOnly(): Promise<void> {
    await rowsOf(this.first, `ALTER SYSTEM SET default_transaction_read_only = on`);
    await rowsOf(this.first, 'SELECT pg_reload_conf()');
  }

  async stopFirst(): Promise<void> {
    await this.first.stop('fast');
  }

  /** Starts the first again, which follows the second. */
  async restartFirstAsStandby(): Promise<void> {
    this.first = await standbyOf(this.directory, 'first', this.first.port, this.second);
  }

  /**
   * How many connections of the product are open on a server. Not those on which a statement has run for longer than any
   * client waits: a commit that waits for a standby that is gone, or for such a commit, does not notice that its client is.
   */
  async connectionsTo(which: RunningPostgres): Promise<number> {
    const [row] = await rowsOf(
      which,
      `SELECT count(*)::int AS n FROM pg_stat_activity
       WHERE datname = '${DATABASE}' AND backend_type = 'client backend' AND application_name <> 'test'
         AND NOT (state = 'active' AND state_change < clock_timestamp() - interval '5 s')`,
    );
    return row?.n as number;
  }

  async end(): Promise<void> {
    await Promise.all([this.second.stop('immediate'), this.first.stop('immediate')]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function server(directory: string, name: string, port: number, settings: Record<string, string> = {}) {
  return startPostgres({
    dataDir: join(directory, name),
    port,
    noSync: true,
    database: DATABASE,
    logFile: join(directory, `${name}.log`),
    settings: { max_connections: 150, ...settings },
  });
}

function standbyOf(directory: string, name: string, port: number, primary: RunningPostgres) {
  writeFileSync(join(directory, name, 'standby.signal'), '');
  const { username, password } = new URL(primary.superuserUrl);
  const primary_conninfo = `host=127.0.0.1 port=${primary.port} user=${username} password=${password}`;
  return server(directory, name, port, { primary_conninfo });
}

async function rowsOf({ superuserUrl }: RunningPostgres, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: superuserUrl, application_name: 'test', query_timeout: 20_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
