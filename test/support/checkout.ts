import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { eventually } from './eventually.js';
import type { Exit } from './process.js';

const ROOT = join(import.meta.dirname, '../..');
const DIRECTORIES = ['apps', 'libs', 'tools', 'dist'];
const FILES = [
  '.env.example',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'nest-cli.json',
  'rspack.config.mjs',
];

/** A copy of this project, built as it is, in which a test may edit and build. The packages are shared. */
export class Checkout {
  /** Without symbolic links, as /proc shows the working directory of a process. */
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), 'watchtogether-checkout-')));
  private readonly commands: Command[] = [];

  constructor() {
    // Under root Postgres runs as another user, who must be able to pass through.
    chmodSync(this.directory, 0o711);
    // With the times of the files and directories, by which the bootstrap tells whether to build.
    execFileSync('cp', ['-Rp', ...DIRECTORIES, ...FILES, this.directory], { cwd: ROOT });
    symlinkSync(join(ROOT, 'node_modules'), this.path('node_modules'));
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  /** Starts a command of the project, with nothing of this environment but what finds Node and npm. */
  start(command: 'node' | 'npm', args: string[], env: Record<string, string> = {}): Command {
    const started = new Command(command, args, this.directory, env);
    this.commands.push(started);
    return started;
  }

  /** Runs a script of tools/ to its end. */
  async run(script: string, args: string[] = [], env: Record<string, string> = {}): Promise<Exit & { output: string }> {
    const command = this.start('node', [`tools/${script}`, ...args], env);
    return { ...(await command.exited), output: command.output };
  }

  /** Every process that runs in here, or below this directory of it. Empty where there is no /proc. */
  processes(directory = ''): number[] {
    if (!existsSync('/proc')) return [];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => workingDirectory(pid)?.startsWith(this.path(directory)) === true);
  }

  async end(): Promise<void> {
    for (const command of this.commands) command.kill('SIGTERM');
    try {
      await eventually(() => {
        expect(this.processes()).toEqual([]);
      });
    } finally {
      for (const pid of this.processes()) process.kill(pid, 'SIGKILL');
      rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

export class Command {
  /** Standard output and standard error. */
  output = '';
  readonly exited: Promise<Exit>;
  private readonly child: ChildProcess;

  constructor(command: 'node' | 'npm', args: string[], cwd: string, env: Record<string, string>) {
    const { PATH = '', HOME = '' } = process.env;
    this.child = spawn(command === 'node' ? process.execPath : command, args, {
      cwd,
      env: { PATH, HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.output += chunk));
    }
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves with what matches once it is printed; fails when the command ends without. */
  async prints(pattern: RegExp, deadlineMs = 60_000): Promise<RegExpExecArray> {
    let ended = false;
    void this.exited.then(() => (ended = true));
    return eventually(() => {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      throw new Error(`${ended ? 'ended without' : 'has not printed'} ${String(pattern)}:\n${this.output}`);
    }, deadlineMs);
  }
}
