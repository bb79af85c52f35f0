// A child process of the launcher, in a session of its own: Ctrl-C in the terminal reaches only the launcher, which then
// stops the parts in order.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_NODE, ROOT, pathWithLocalBins } from '../paths.mjs';
import { endWithMe, signal, signalGroup } from '../processes.mjs';
import { ToolError, sleep } from '../steps.mjs';
import { follow, lastLines } from './log-view.mjs';

const STOP_TIMEOUT_MS = 10_000;
const RESTART_DELAY_MS = 1000;
const MAX_RESTARTS = 5;
const RESTART_WINDOW_MS = 60_000;
const READY_TIMEOUT_MS = 60_000;

export class Part {
  /** `everything`: show all of its log on the terminal, not only warnings and worse. */
  constructor({ name, args, env, logDir, everything }) {
    this.name = name;
    this.args = args;
    this.env = { ...env, PATH: pathWithLocalBins(env) };
    this.logFile = join(logDir, `${name}.log`);
    this.everything = everything;
    this.restarts = [];
    this.stopping = false;
  }

  launch() {
    const log = openSync(this.logFile, this.restarts.length > 0 ? 'a' : 'w', 0o600);
    const child = spawn(PROJECT_NODE, this.args, {
      cwd: ROOT,
      env: this.env,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.child = child;
    this.running = child.pid !== undefined;
    const guard = this.running ? endWithMe(child.pid, { signalName: 'SIGTERM', directory: ROOT }) : undefined;
    this.unfollow ??= follow(this.name, this.logFile, { everything: this.everything });
    this.exited = new Promise((resolve) => {
      const end = (reason) => {
        this.running = false;
        guard?.release();
        resolve(reason);
      };
      child.once('exit', (code, signalName) => end(signalName ? `by ${signalName}` : `with exit code ${code}`));
      child.once('error', (error) => end(error.message));
    });
  }

  lastLines(count) {
    return lastLines(this.name, this.logFile, count);
  }

  async waitUntilReady(url) {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    let answer = 'no answer';
    while (performance.now() < deadline) {
      if (!this.running) throw this.error(`The ${this.name} ended ${await this.exited} while starting`);
      const response = await fetch(url, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
      if (response?.status === 200) {
        await response.body?.cancel();
        return;
      }
      if (response) answer = `${response.status} ${(await response.text().catch(() => '')).slice(0, 300)}`;
      await sleep(100);
    }
    throw this.error(`The ${this.name} was not ready after ${READY_TIMEOUT_MS / 1000} s (GET ${url}: ${answer})`);
  }

  error(text) {
    return new ToolError(`${text}. The end of its log, ${this.logFile}:\n${this.lastLines(20)}`);
  }

  /** Restarts it whenever it ends, and calls `giveUp` with the reason when it does so too often. */
  async keepRunning(giveUp) {
    while (!this.stopping) {
      const reason = await this.exited;
      if (this.stopping) return;
      console.log(`\n[${this.name}] ended ${reason}. The end of its log:\n${this.lastLines(8)}`);
      const now = performance.now();
      this.restarts = [...this.restarts.filter((at) => now - at < RESTART_WINDOW_MS), now];
      if (this.restarts.length > MAX_RESTARTS) {
        giveUp(`The ${this.name} ended ${this.restarts.length} times within a minute`);
        return;
      }
      await sleep(RESTART_DELAY_MS);
      if (this.stopping) return;
      this.launch();
      console.log(`[${this.name}] started again`);
    }
  }

  async stop() {
    this.stopping = true;
    if (this.running) {
      // Not to its group: node --watch passes the signal on, and the application would get it twice.
      signal(this.child.pid, 'SIGTERM');
      const timer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
      await this.exited;
      clearTimeout(timer);
    }
    this.unfollow?.();
    this.unfollow = undefined;
  }

  kill() {
    if (this.running) signalGroup(this.child.pid, 'SIGKILL');
  }
}
