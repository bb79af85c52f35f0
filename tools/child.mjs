// Long-lived child processes: servers and the applications.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { endWithMe } from './processes.mjs';

/**
 * Starts a program in a session of its own, so that Ctrl-C does not reach it. Its output goes to a file rather than to a
 * pipe: it does not depend on this process to be read.
 *
 * @param options those of spawn, and
 *   - `logFile`, and `append` to keep what it contains
 *   - `guard`: how the child ends should this process be killed, see endWithMe
 */
export function launch(command, args, { logFile, append = false, guard, ...options }) {
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, append ? 'a' : 'w', 0o600);
  const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();

  let running = child.pid !== undefined;
  const guarding = running ? endWithMe(child.pid, guard) : undefined;
  const exited = new Promise((resolve) => {
    const end = (reason) => {
      running = false;
      guarding?.release();
      resolve(reason);
    };
    child.once('exit', (code, signalName) => end(signalName ? `signal ${signalName}` : `exit code ${code}`));
    child.once('error', (error) => end(error.message));
  });
  return {
    pid: child.pid,
    /** Resolves with the reason when it has ended. */
    exited,
    isRunning: () => running,
    /** Signals it. Returns whether it has ended within `timeoutMs`. */
    async end(signalName, timeoutMs) {
      if (!running) return true;
      child.kill(signalName);
      let timer;
      const late = new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs, false)));
      const ended = await Promise.race([exited.then(() => true), late]);
      clearTimeout(timer);
      return ended;
    },
  };
}

/** The end of a log file; '' if it cannot be read. */
export function lastLines(file, count = 20) {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}
