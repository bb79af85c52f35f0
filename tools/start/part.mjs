// A child process of the launcher: in a session of its own, so that Ctrl-C in the terminal reaches the launcher alone,
// which then stops the parts in the right order.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROJECT_NODE, ROOT, appEntry, pathWithLocalBins } from '../paths.mjs';
import { endWithMe, signal, signalGroup } from '../processes.mjs';
import { Problem, sleep } from '../steps.mjs';
import { follow, lastLines } from './log-view.mjs';

const STOP_MS = 10_000;
const RESTART_AFTER_MS = 1000;
const MOST_RESTARTS = 5;
const RESTART_WINDOW_MS = 60_000;
const READY_TIMEOUT_MS = 60_000;

const EXIT_WITH_PARENT = pathToFileURL(join(ROOT, 'tools', 'exit-with-parent.mjs')).href;

/** The command of a built application. With --watch Node restarts it after each build. */
export function appCommand(app, { watch }) {
  const options = watch ? ['--watch', '--watch-preserve-output'] : ['--import', EXIT_WITH_PARENT];
  return [...options, appEntry(app)];
}

export class Part {
  constructor({ name, args, env, logDir, watch, everything }) {
    this.name = name;
    this.args = args;
    this.env = { ...env, PATH: pathWithLocalBins(env) };
    this.logFile = join(logDir, `${name}.log`);
    this.watch = watch;
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
      // node --watch needs its own channel to its child; there the guard below does what the channel does elsewhere.
      stdio: this.watch ? ['ignore', log, log] : ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.child = child;
    this.running = child.pid !== undefined;
    if (this.watch && this.running) this.guard = endWithMe(child.pid, { signalName: 'SIGTERM', group: true });
    this.unfollow ??= follow(this.name, this.logFile, { everything: this.everything });
    this.exited = new Promise((resolve) => {
      const end = (reason) => {
        this.running = false;
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
      if (!this.running) throw this.problem(`The ${this.name} ended ${await this.exited} while starting`);
      const response = await fetch(url, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
      if (response?.status === 200) {
        await response.body?.cancel();
        return;
      }
      if (response) answer = `${response.status} ${(await response.text().catch(() => '')).slice(0, 300)}`;
      await sleep(100);
    }
    throw this.problem(`The ${this.name} was not ready after ${READY_TIMEOUT_MS / 1000} s (${url}: ${answer})`);
  }

  problem(text) {
    return new Problem(`${text}. Its last lines:\n${this.lastLines(20)}\nAll of them: ${this.logFile}`);
  }

  /** From now on it is restarted when it dies; `giveUp` is called when it does so too often. */
  async keepRunning(giveUp) {
    while (!this.stopping) {
      const reason = await this.exited;
      if (this.stopping) return;
      console.log(`\n[${this.name}] ended ${reason}. Its last lines:\n${this.lastLines(8)}`);
      const now = performance.now();
      this.restarts = [...this.restarts.filter((at) => now - at < RESTART_WINDOW_MS), now];
      if (this.restarts.length > MOST_RESTARTS) {
        giveUp(`The ${this.name} ended ${this.restarts.length} times within a minute`);
        return;
      }
      await sleep(RESTART_AFTER_MS);
      if (this.stopping) return;
      this.launch();
      console.log(`[${this.name}] started again`);
    }
  }

  async stop() {
    this.stopping = true;
    if (this.running) {
      // Only to itself: node --watch passes it on to the application, which would otherwise get it twice.
      signal(this.child.pid, 'SIGTERM');
      const timer = setTimeout(() => this.kill(), STOP_MS);
      await this.exited;
      clearTimeout(timer);
    }
    this.guard?.release();
    this.unfollow?.();
    this.unfollow = undefined;
  }

  kill() {
    if (this.running) signalGroup(this.child.pid, 'SIGKILL');
  }
}
