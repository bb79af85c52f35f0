import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';

/** The path of a program that Debian installs for administrators; the bootstrap has said so if there is none. */
function programPath(name: string): string | undefined {
  return ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin']
    .map((directory) => join(directory, name))
    .find((path) => existsSync(path));
}

export const nginxPath = () => programPath('nginx');
export const haproxyPath = () => programPath('haproxy');

export interface RunningProxy {
  stop(): Promise<void>;
}

export interface RunningHaproxy extends RunningProxy {
  /** Sends a command to the runtime API; returns its answer. */
  command(text: string): Promise<string>;
}

/** A real nginx, in the foreground, with these blocks of its `http` context; ready when it accepts on `port`. */
export async function startNginx(blocks: string, port: number): Promise<RunningProxy> {
  const directory = newDirectory('nginx');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  );
  const lines = [
    ...(process.getuid?.() === 0 ? ['user nobody nogroup;'] : []),
    'daemon off;',
    'worker_processes 1;',
    `pid ${directory}/pid;`,
    `error_log ${directory}/error.log;`,
    'events { worker_connections 512; }',
    'http {',
    'access_log off;',
    ...temporary,
    blocks,
    '}',
  ];
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return run(nginxPath(), ['-c', file, '-e', join(directory, 'error.log')], 'SIGTERM', directory, port);
}

/** A real HAProxy, in the foreground, with these sections and a runtime API; ready when it accepts on `port`. */
export async function startHaproxy(sections: string, port: number): Promise<RunningHaproxy> {
  const directory = newDirectory('haproxy');
  const socket = join(directory, 'runtime');
  const file = join(directory, 'haproxy.cfg');
  writeFileSync(file, `global\n  maxconn 1000\n  stats socket ${socket} level admin\n\n${sections}\n`);
  const running = await run(haproxyPath(), ['-db', '-f', file], 'SIGTERM', directory, port);
  return { ...running, command: (text) => ask(socket, text) };
}

function newDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `watchtogether-${name}-`));
  chmodSync(directory, 0o755);
  return directory;
}

async function run(
  binary: string | undefined,
  args: string[],
  signal: NodeJS.Signals,
  directory: string,
  port: number,
): Promise<RunningProxy> {
  if (binary === undefined) throw new Error('the proxy is not installed (Debian: apt-get install nginx haproxy)');
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const stop = async (): Promise<void> => {
    await end(child, signal);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`${binary} has ended`);
      await accepts(port);
    }, 10_000);
  } catch (error) {
    await stop();
    throw new Error(`${binary} does not start: ${said}`, { cause: error });
  }
  return { stop };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await exited;
}

function accepts(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

function ask(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(path, () => socket.write(`${text}\n`));
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    socket.once('error', reject);
    socket.once('close', () => {
      resolve(answer.trim());
    });
  });
}
