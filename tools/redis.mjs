// A real Redis for the tests.
import { realpathSync, writeFileSync } from 'node:fs';
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

export async function startRedis({ port, dir, args = [], password }) {
  const listenOn = port ?? (await freePort());
  // Nothing on disk and no eviction, as the product requires; `args` overrides.
  const defaults = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction', '--daemonize', 'no'];
  const protection = password === undefined ? [] : ['--requirepass', password];
  const settings = ['--bind', '127.0.0.1', ...defaults, ...protection, ...args];
  return start({ listenOn, directory: dir, settings, password });
}

/** A sentinel is the same program, with a file that it writes to. */
export async function startSentinel({ dir, master, primaryPort, password, lines = [] }) {
  const listenOn = await freePort();
  const file = join(dir, `sentinel-${listenOn}.conf`);
  const monitored = [
    `sentinel monitor ${master} 127.0.0.1 ${primaryPort} 1`,
    `sentinel down-after-milliseconds ${master} 1000`,
    `sentinel failover-timeout ${master} 3000`,
  ];
  const protection = password === undefined ? [] : [`requirepass ${password}`];
  writeFileSync(file, [...monitored, ...protection, ...lines, ''].join('\n'));
  return start({ listenOn, directory: dir, first: [file, '--sentinel'], settings: ['--bind', '127.0.0.1'], password });
}

async function start({ listenOn, directory, first = [], settings, password }) {
  // Without symbolic links, as /proc shows the server's working directory.
  const dir = realpathSync(directory);
  const binary = redisServerPath();
  if (!binary) throw new Error('redis-server is not installed (Debian: apt-get install redis-server)');
  const logFile = join(dir, `redis-${listenOn}.log`);
  const server = launch(binary, [...first, '--port', String(listenOn), '--dir', dir, ...settings], {
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
