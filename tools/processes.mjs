// What can be known about other processes: from /proc where there is one, else from `ps`.
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

/** Signals the process group of a detached child, so that what it started gets it too. */
export function signalGroup(pid, name) {
  return signal(-pid, name) || signal(pid, name);
}

/** Fields of /proc/<pid>/stat after the command name, which may itself hold spaces and parentheses. */
function readStat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], parent: Number(fields[1]), startedAt: fields[19] };
  } catch {
    return undefined;
  }
}

function ps(pid, column) {
  return spawnSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() ?? '';
}

export function isAlive(pid) {
  if (HAS_PROC) {
    const stat = readStat(pid);
    return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X';
  }
  return signal(pid, 0);
}

/** Tells a process from a later one that got the same pid. */
export function startTime(pid) {
  return HAS_PROC ? (readStat(pid)?.startedAt ?? '') : ps(pid, 'lstart');
}

export function parentOf(pid) {
  return HAS_PROC ? (readStat(pid)?.parent ?? 0) : Number(ps(pid, 'ppid')) || 0;
}

export function commandLine(pid) {
  if (!HAS_PROC) return ps(pid, 'command');
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

/** Every live process that works in this directory. Postgres and each of its children do so in the data directory. */
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
 * Ends `pid` should this process die without ending it (kill -9 too). A shell holds the reading end of a pipe; when we
 * are gone the read fails, and after a grace it signals. It works in a session of its own, out of reach of Ctrl-C.
 * Where /proc tells, it makes sure that the pid is still the process we meant.
 */
export function endWithMe(pid, { signalName, graceSeconds = 0, directory = '', group = false }) {
  const script = `
    read -r _ && exit 0
    sleep "$2"
    if [ -n "$4" ] && [ -e /proc/self ] && [ "$(readlink "/proc/$1/cwd")" != "$4" ]; then exit 0; fi
    kill -s "$3" -- "$5$1" 2>/dev/null`;
  const args = [String(pid), String(graceSeconds), signalName.replace(/^SIG/, ''), directory, group ? '-' : ''];
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
