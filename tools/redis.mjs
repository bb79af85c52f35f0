// A real Redis for the tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { connect } from 'node:net';
import { endWithMe, waitUntil } from './processes.mjs';
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
  const child = spawn(binary, [...settings, ...defaults, ...protection, ...args], {
    cwd: dir,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collectTail(child);
  let running = true;
  const exited = new Promise((resolve) => {
    const end = () => {
      running = false;
      guard?.release();
      resolve();
    };
    child.once('exit', end);
    child.once('error', end);
  });
  const guard = child.pid === undefined ? undefined : endWithMe(child.pid, { signalName: 'SIGKILL', directory: dir });

  const answered = await waitUntil(async () => !running || (await answers(listenOn, child.pid, password)), {
    timeoutMs: START_TIMEOUT_MS,
  });
  if (!answered || !running) {
    child.kill('SIGKILL');
    throw new Error(`redis-server did not start on port ${listenOn}:\n${output()}`);
  }
  child.unref();
  child.stdout.unref();
  child.stderr.unref();

  const end = async (signalName) => {
    if (!running) return;
    child.ref();
    child.kill(signalName);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  };
  return {
    url: `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${listenOn}`,
    port: listenOn,
    pid: child.pid,
    stop: () => end('SIGTERM'),
    kill9: () => end('SIGKILL'),
  };
}

function collectTail(child) {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => (text = (text + chunk).slice(-4000)));
  }
  return () => text;
}

/** Whether the server with this pid answers: another Redis could have the port. */
async function answers(port, pid, password) {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.setTimeout(1000, () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'connect');
    if (password !== undefined) {
      socket.write(`AUTH ${password}\r\n`);
      await once(socket, 'data');
    }
    socket.write('PING\r\n');
    const [pong] = await once(socket, 'data');
    if (!String(pong).startsWith('+PONG')) return false;
    socket.write('INFO server\r\n');
    const [info] = await once(socket, 'data');
    return String(info).includes(`process_id:${pid}\r\n`);
  } catch {
    return false;
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}
