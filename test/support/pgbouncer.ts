import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../tools/ports.mjs';
import { eventually } from './eventually.js';

export interface RunningPgBouncer {
  /** The same database by way of the pooler. */
  url: string;
  stop(): Promise<void>;
}

/** The path of PgBouncer; the bootstrap has said so if there is none. */
export function pgBouncerPath(): string | undefined {
  return ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find((path) => existsSync(path));
}

/** A real PgBouncer in front of a database, configured as Debian installs it but for its addresses and its mode. */
export async function startPgBouncer(target: string, mode: 'session' | 'transaction'): Promise<RunningPgBouncer> {
  const binary = pgBouncerPath();
  if (binary === undefined) throw new Error('pgbouncer is not installed (Debian: apt-get install pgbouncer)');
  const { hostname, port, username, password, pathname } = new URL(target);
  const directory = mkdtempSync(join(tmpdir(), 'watchtogether-pgbouncer-'));
  chmodSync(directory, 0o755);
  const listenOn = await freePort();
  const users = join(directory, 'userlist.txt');
  writeFileSync(users, `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`, { mode: 0o644 });
  const settings = join(directory, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${String(listenOn)}`,
    'unix_socket_dir =',
    'auth_type = md5',
    `auth_file = ${users}`,
    `pool_mode = ${mode}`,
    'default_pool_size = 60',
  ];
  writeFileSync(settings, `${lines.join('\n')}\n`, { mode: 0o644 });
  // It refuses to run as root.
  const asNobody = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(binary, [...asNobody, settings], { stdio: 'ignore' });
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(listenOn);
  url.pathname = pathname;
  await eventually(() => answers(url.href), 10_000);
  return {
    url: url.href,
    stop: async () => {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGQUIT');
        await exited;
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => undefined);
  }
}
