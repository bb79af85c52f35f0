// The running server.
import { join } from 'node:path';
import pg from 'pg';
import { lastLines, launch } from '../child.mjs';
import { waitUntil } from '../processes.mjs';
import { ToolError } from '../steps.mjs';
import { FAST_STOP_MS, IMMEDIATE_STOP_MS, endStragglers } from './orphan.mjs';
import { asUser } from './user.mjs';

const START_TIMEOUT_MS = 60_000;

export function launchPostgres({ binaries, dataDir, port, settings, runAs, logFile, graceSeconds }) {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = launch(join(binaries.native, 'bin', 'postgres'), ['-D', dataDir, '-p', String(port), ...args], {
    ...asUser(runAs),
    logFile,
    guard: { signalName: 'SIGINT', graceSeconds, directory: dataDir },
  });
  const stop = async (mode = 'fast') => {
    const ended =
      (mode === 'fast' && (await server.end('SIGINT', FAST_STOP_MS))) ||
      (await server.end('SIGQUIT', IMMEDIATE_STOP_MS)) ||
      (await server.end('SIGKILL', IMMEDIATE_STOP_MS));
    if (!ended) throw new Error(`Postgres (pid ${server.pid}) does not stop`);
  };
  const crash = async () => {
    await server.end('SIGKILL', IMMEDIATE_STOP_MS);
    await endStragglers(dataDir);
  };
  return { ...server, stop, crash };
}

export async function waitForConnections(server, url, logFile) {
  let lastError;
  const ready = await waitUntil(
    async () => {
      if (!server.isRunning()) return true;
      try {
        await withClient(url, (client) => client.query('SELECT 1'));
        return true;
      } catch (error) {
        lastError = error;
        return false;
      }
    },
    { timeoutMs: START_TIMEOUT_MS },
  );
  if (ready && server.isRunning()) return;
  const why = server.isRunning() ? `it took too long (${lastError?.message})` : await server.exited;
  throw new ToolError(`Postgres did not start: ${why}\n${lastLines(logFile, 15)}`);
}

async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export async function createDatabaseIfMissing(url, name) {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
}
