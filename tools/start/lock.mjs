// One launcher per data directory: a second one would take the first one's Postgres for an orphan and stop it. The lock
// is a symbolic link to the holder's pid, since a link is created whole or not at all.
import { readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, isAlive, waitUntil } from '../processes.mjs';
import { ToolError } from '../steps.mjs';

/** Longer than a launcher needs to stop its parts. */
const PATIENCE_MS = 10_000;

/** `tookOver`: the previous launcher was killed, and what it started may still be ending. */
export async function acquireLock(dataDir) {
  const file = join(dataDir, 'start.lock');
  let tookOver = false;
  let holder;
  const acquired = await waitUntil(
    () => {
      if (create(file)) return true;
      const pid = holderOf(file);
      if (isLauncher(pid)) {
        if (holder !== pid) console.log(`  … waiting for the launcher that is running (pid ${pid}) to end`);
        holder = pid;
      } else {
        tookOver = true;
        rmSync(file, { force: true });
      }
      return false;
    },
    { timeoutMs: PATIENCE_MS, everyMs: 100 },
  );
  if (acquired) return { tookOver, release: () => rmSync(file, { force: true }) };
  throw new ToolError(
    `Already running (pid ${holder}) on ${dataDir}.\nStop it, or choose another DATA_DIR=… and PORT=…`,
  );
}

function create(file) {
  try {
    symlinkSync(String(process.pid), file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(file) {
  try {
    return Number(readlinkSync(file));
  } catch {
    return undefined;
  }
}

function isLauncher(pid) {
  return Boolean(pid) && pid !== process.pid && isAlive(pid) && commandLine(pid).includes('start.mjs');
}
