// A process of the product: started, watched until it is ready, restarted when it ends, and stopped.
import { join } from 'node:path';
import { lastLines, launch } from '../child.mjs';
import { PROJECT_NODE, ROOT, pathWithLocalBins } from '../paths.mjs';
import { signalGroup } from '../processes.mjs';
import { ToolError, sleep } from '../steps.mjs';
import { follow, readableLines } from './log-view.mjs';

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
    this.process = launch(PROJECT_NODE, this.args, {
      cwd: ROOT,
      env: this.env,
      logFile: this.logFile,
      append: this.restarts.length > 0,
      guard: { signalName: 'SIGTERM', directory: ROOT },
    });
    this.unfollow ??= follow(this.name, this.logFile, { everything: this.everything });
  }

  isRunning() {
    return this.process.isRunning();
  }

  lastLines(count) {
    return readableLines(this.name, lastLines(this.logFile, count));
  }

  async waitUntilReady(url) {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    let answer = 'no answer';
    while (performance.now() < deadline) {
      if (!this.isRunning()) throw this.error(`The ${this.name} ended while starting (${await this.process.exited})`);
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
      const reason = await this.process.exited;
      if (this.stopping) return;
      console.log(`\n[${this.name}] ended (${reason}). The end of its log:\n${this.lastLines(8)}`);
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
    // Not its group: node --watch passes the signal on, and the application would get it twice.
    if (!(await this.process.end('SIGTERM', STOP_TIMEOUT_MS))) {
      this.kill();
      await this.process.exited;
    }
    this.unfollow?.();
    this.unfollow = undefined;
  }

  kill() {
    if (this.isRunning()) signalGroup(this.process.pid, 'SIGKILL');
  }
}
