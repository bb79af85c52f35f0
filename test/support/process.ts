import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** One line of a process's log. */
export interface LogLine {
  level: number;
  msg: string;
  url?: string;
  [field: string]: unknown;
}

/** Compiled code is kept from one process to the next: tests start dozens of them. */
const NODE_COMPILE_CACHE = join(tmpdir(), 'watchtogether-test-compile-cache');

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A real process of the product: the built program, with an environment of its own. */
export class Process {
  readonly lines: LogLine[] = [];
  /** What was written outside the log, such as why a process could not start. */
  readonly text: string[] = [];
  readonly exited: Promise<Exit>;
  /** Resolves when all that it wrote was read. */
  readonly silent: Promise<unknown>;
  private readonly child: ChildProcess;
  /** Where it serves, as its log says; set by `waitUntilUp`. */
  url = '';
  opsUrl = '';

  constructor(
    readonly app: 'gateway' | 'worker' | 'cas-sandbox' | 'cli',
    env: Record<string, string>,
    args: string[] = [],
    /** Where `dist` is. */
    cwd?: string,
  ) {
    this.child = spawn(process.execPath, [`dist/apps/${app}/main.js`, ...args], {
      cwd,
      // Nothing is inherited but the path: Jest's own NODE_OPTIONS are not for the product.
      env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
    });
    const readers = [this.child.stdout, this.child.stderr].flatMap((stream) =>
      stream === null ? [] : [createInterface({ input: stream })],
    );
    for (const reader of readers) {
      reader.on('line', (line) => {
        this.take(line);
      });
    }
    this.silent = Promise.all(readers.map((reader) => once(reader, 'close')));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** @throws with the process's own words if it ends or takes longer than `ms` */
  async waitUntilUp(ms = 60_000): Promise<this> {
    const end = performance.now() + ms;
    for (;;) {
      const up = this.lines.find((line) => line.msg === `${this.app} is up`);
      const ops = this.lines.find((line) => line.msg === 'ops port is listening');
      if (up !== undefined && ops !== undefined) {
        this.url = up.url ?? '';
        this.opsUrl = ops.url ?? '';
        return this;
      }
      if (!this.running || performance.now() > end) throw new Error(`${this.app} is not up:\n${this.everything()}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async kill9(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Asks it to end and gives how it did. */
  async terminate(): Promise<Exit> {
    this.child.kill('SIGTERM');
    return this.exited;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.child.kill(signal);
  }

  /** For the end of a test: whatever state it is in, it goes. */
  async end(): Promise<void> {
    if (!this.running) return;
    this.child.kill('SIGCONT');
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    await this.exited;
    clearTimeout(timer);
  }

  everything(): string {
    return [...this.lines.map((line) => JSON.stringify(line)), ...this.text].join('\n');
  }

  private take(line: string): void {
    try {
      this.lines.push(JSON.parse(line) as LogLine);
    } catch {
      this.text.push(line);
    }
  }
}
