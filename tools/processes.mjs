// Questions about other processes, answered from /proc where it exists and from `ps` elsewhere.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { sleep } from './steps.mjs';

export const HAS_PROC = existsSync('/proc/self/stat');

export function signal(pid, name) {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Signals the process group of a detached child: the child and the processes that it started. */
export function signalGroup(pid, name) {
  return signal(-pid, name) || signal(pid, name);
}

/** The state letter, the field of /proc/<pid>/stat after the command name, which may contain spaces and parentheses. */
function stateOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.charAt(text.lastIndexOf(')') + 2);
  } catch {
    return undefined;
  }
}

/** False for a zombie as well. */
export function isAlive(pid) {
  if (HAS_PROC) return ![undefined, 'Z', 'X'].includes(stateOf(pid));
  return signal(pid, 0);
}

export function commandLine(pid) {
  if (!HAS_PROC)
    return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() ?? '';
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

export function workingDirectory(pid) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** The live processes whose working directory this is: for a data directory, its Postgres and all children of it. */
export function processesIn(directory) {
  if (!HAS_PROC) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => workingDirectory(pid) === directory && isAlive(pid));
}

export async function waitUntil(condition, { timeoutMs, everyMs = 50 }) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await sleep(everyMs);
  }
}

/**
 * Calls back when the parent process has ended. npm passes SIGTERM on to its scripts, but a kill -9 of npm would leave a
 * script running that no terminal can stop.
 */
export function whenParentDies(callback) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, 1000);
  timer.unref();
}

/**
 * Signals `pid` when this process ends without having done so (kill -9 included). A shell reads from a pipe, which closes
 * with this process; `graceSeconds` later it signals. It runs in a session of its own, so Ctrl-C does not reach it. On
 * Linux it first checks that `pid` still runs in `directory`: pids are reused.
 */
export function endWithMe(pid, { signalName, graceSeconds = 0, directory }) {
  const script = `
    read -r _ && exit 0
    sleep "$2"
    if [ -e /proc/self ] && [ "$(readlink "/proc/$1/cwd")" != "$4" ]; then exit 0; fi
    kill -s "$3" "$1" 2>/dev/null`;
  const args = [String(pid), String(graceSeconds), signalName.replace(/^SIG/, ''), directory];
  const guard = spawn('/bin/sh', ['-c', script, 'end-with-parent', ...args], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  guard.stdin.unref();
  return { release: () => guard.stdin.end('done\n') };
}
