// The running server.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { endWithMe, waitUntil } from '../processes.mjs';
import { ToolError } from '../steps.mjs';
import { FAST_STOP_MS, IMMEDIATE_STOP_MS, endStragglers } from './orphan.mjs';
import { asUser } from './user.mjs';

const START_TIMEOUT_MS = 60_000;

export function launch({ binaries, dataDir, port, settings, runAs, logFile, graceSeconds }) {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // Its log is a file rather than a pipe, so that it survives this process. Detached, so that Ctrl-C does not reach it.
  fs.mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = fs.openSync(logFile, 'w', 0o600);
  const child = spawn(join(binaries.native, 'bin', 'postgres'), ['-D', dataDir, '-p', String(port), ...args], {
    ...asUser(runAs),
    detached: true,
    stdio: ['ignore', log, log],
  });
  fs.closeSync(log);
  child.unref();

  let running = child.pid !== undefined;
  const guard = running ? endWithMe(child.pid, { signalName: 'SIGINT', graceSeconds, directory: dataDir }) : undefined;
  const exited = new Promise((resolve) => {
    const end = (text) => {
      running = false;
      guard?.release();
      resolve(text);
    };
    child.once('exit', (code, signalName) => end(signalName ? `signal ${signalName}` : `exit code ${code}`));
    child.once('error', (error) => end(error.message));
  });

  const endWith = async (signalName, timeoutMs) => {
    if (!running) return true;
    child.kill(signalName);
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs, 'late')));
    const outcome = await Promise.race([exited, late]);
    clearTimeout(timer);
    return outcome !== 'late';
  };
  const stop = async (mode = 'fast') => {
    const ended =
      (mode === 'fast' && (await endWith('SIGINT', FAST_STOP_MS))) ||
      (await endWith('SIGQUIT', IMMEDIATE_STOP_MS)) ||
      (await endWith('SIGKILL', IMMEDIATE_STOP_MS));
    if (!ended) throw new Error(`Postgres (pid ${child.pid}) does not stop`);
  };
  const crash = async () => {
    await endWith('SIGKILL', IMMEDIATE_STOP_MS);
    await endStragglers(dataDir);
  };
  return { pid: child.pid, exited, isRunning: () => running, stop, crash };
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
  throw new ToolError(`Postgres did not start: ${why}\n${lastLines(logFile)}`);
}

function lastLines(file, count = 15) {
  try {
    return fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
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
