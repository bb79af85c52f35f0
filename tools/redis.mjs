// A real Redis for the tests.
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { lastLines, launch } from './child.mjs';
import { waitUntil } from './processes.mjs';
import { freePort } from './ports.mjs';
import { findOnPath } from './paths.mjs';

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 10_000;

export function redisServerPath() {
  return findOnPath('redis-server');
}

export async function startRedis({ port, dir: directory, args = [], password }) {
  // Without symbolic links, as /proc shows the server's working directory.
  const dir = realpathSync(directory);
  const binary = redisServerPath();
  if (!binary) throw new Error('redis-server is not installed (Debian: apt-get install redis-server)');
  const listenOn = port ?? (await freePort());

  const settings = ['--port', String(listenOn), '--bind', '127.0.0.1', '--dir', dir];
  // Nothing on disk and no eviction, as the product requires; `args` overrides.
  const defaults = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction', '--daemonize', 'no'];
  const protection = password === undefined ? [] : ['--requirepass', password];
  const logFile = join(dir, `redis-${listenOn}.log`);
  const server = launch(binary, [...settings, ...defaults, ...protection, ...args], {
    cwd: dir,
    logFile,
    guard: { signalName: 'SIGKILL', directory: dir },
  });
  const answered = await waitUntil(async () => !server.isRunning() || (await answers(listenOn, server.pid, password)), {
    timeoutMs: START_TIMEOUT_MS,
  });
  if (!answered || !server.isRunning()) {
    await server.end('SIGKILL', STOP_TIMEOUT_MS);
    throw new Error(`redis-server did not start on port ${listenOn}:\n${lastLines(logFile)}`);
  }
  return {
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${listenOn}`,
    port: listenOn,
    pid: server.pid,
    async stop() {
      if (!(await server.end('SIGTERM', STOP_TIMEOUT_MS))) await server.end('SIGKILL', STOP_TIMEOUT_MS);
    },
    async kill9() {
      await server.end('SIGKILL', STOP_TIMEOUT_MS);
    },
  };
}

/** Whether the server with this pid answers: another Redis could have the port. */
async function answers(port, pid, password) {
  const once = { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0, enableReadyCheck: false };
  const client = new Redis({ port, host: '127.0.0.1', password, connectTimeout: 1000, ...once });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.info('server')).includes(`process_id:${pid}\r\n`);
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
