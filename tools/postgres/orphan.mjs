// What an earlier server has left behind.
import fs from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { HAS_PROC, commandLine, isAlive, processesIn, signal, waitUntil, workingDirectory } from '../processes.mjs';
import { ToolError } from '../steps.mjs';
import { possibleDataDirs } from './places.mjs';

export const FAST_STOP_MS = 20_000;
export const IMMEDIATE_STOP_MS = 10_000;

/** Ends a server that a killed launcher has left running on this data directory. */
export async function stopOrphan(dataDirAskedFor) {
  const askedFor = realPathOf(dataDirAskedFor);
  for (const dataDir of possibleDataDirs(askedFor)) {
    const pid = pidOfServerOn(dataDir);
    if (pid !== undefined) await stopByPid(pid);
    // After a kill -9 of the server its children end a moment later; a new server does not start beside them.
    await endStragglers(dataDir);
    forgetReusedPid(dataDir);
  }
}

/** Without symbolic links, as /proc shows the server's working directory. */
export function realPathOf(dataDir) {
  const home = dirname(resolve(dataDir));
  return fs.existsSync(home) ? join(fs.realpathSync(home), basename(dataDir)) : resolve(dataDir);
}

function pidInFile(dataDir) {
  try {
    return Number.parseInt(fs.readFileSync(join(dataDir, 'postmaster.pid'), 'utf8'), 10) || undefined;
  } catch {
    return undefined;
  }
}

function pidOfServerOn(dataDir) {
  const pid = pidInFile(dataDir);
  if (pid === undefined || pid === process.pid || !isAlive(pid)) return undefined;
  if (HAS_PROC) return workingDirectory(pid) === dataDir ? pid : undefined;
  const command = commandLine(pid);
  return command.includes('postgres') && command.includes(dataDir) ? pid : undefined;
}

async function stopByPid(pid) {
  for (const [name, timeoutMs] of [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', IMMEDIATE_STOP_MS],
    ['SIGKILL', IMMEDIATE_STOP_MS],
  ]) {
    signal(pid, name);
    if (await waitUntil(() => !isAlive(pid), { timeoutMs })) return;
  }
  throw new ToolError(`An earlier Postgres (pid ${pid}) does not stop.`);
}

/** Waits until no process works on the data, and kills those that stay. */
export async function endStragglers(dataDir) {
  const gone = () => processesIn(dataDir).length === 0;
  if (await waitUntil(gone, { timeoutMs: 5000 })) return;
  for (const pid of processesIn(dataDir)) {
    if (commandLine(pid).includes('postgres')) signal(pid, 'SIGKILL');
  }
  await waitUntil(gone, { timeoutMs: 5000 });
}

/** Postgres trusts its pid file while any process has that pid. Removed only when no process works on the data. */
function forgetReusedPid(dataDir) {
  if (!HAS_PROC || pidInFile(dataDir) === undefined || processesIn(dataDir).length > 0) return;
  fs.rmSync(join(dataDir, 'postmaster.pid'), { force: true });
}
