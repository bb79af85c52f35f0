// One launcher a data directory. The file holds the pid and when that process started, so that a pid which was given
// to another process in the meantime is not taken for us.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, isAlive, startTime, waitUntil } from '../processes.mjs';
import { Problem } from '../steps.mjs';

const PATIENCE_MS = 10_000;

/** Resolves to `{ release, tookOver }`: whether an earlier launcher ended without cleaning up. */
export async function acquireLock(dataDir) {
  const file = join(dataDir, 'start.pid');
  const mine = `${process.pid} ${startTime(process.pid)}\n`;
  let tookOver = false;
  let holder;
  let waiting = false;
  const acquired = await waitUntil(
    () => {
      if (create(file, mine)) return true;
      const text = read(file);
      if (text === undefined) return false;
      holder = Number.parseInt(text, 10);
      if (isLauncher(text)) {
        if (!waiting) console.log(`  … waiting for the one that runs already (pid ${holder}) to end`);
        waiting = true;
      } else {
        tookOver = true;
        remove(file, text);
      }
      return false;
    },
    { timeoutMs: PATIENCE_MS, everyMs: 100 },
  );
  if (!acquired)
    throw new Problem(
      `Already running (pid ${holder}) on ${dataDir}.\nStop it, or choose another DATA_DIR=… and PORT=…`,
    );
  return { tookOver, release: () => read(file) === mine && rmSync(file, { force: true }) };
}

function create(file, text) {
  // Written aside and linked: nobody ever reads a lock that is still empty.
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, text, { mode: 0o600 });
  try {
    linkSync(aside, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function isLauncher(text) {
  const [, pidText, started] = /^(\d+) ?(.*)/.exec(text) ?? [];
  const pid = Number(pidText);
  if (!pid || pid === process.pid || !isAlive(pid)) return false;
  if (started && started !== startTime(pid)) return false;
  return commandLine(pid).includes('start.mjs');
}

/** Two that find the same stale lock: the one that renamed a fresh lock of the other puts it back. */
function remove(file, staleText) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, 'utf8') !== staleText) linkSync(aside, file);
  } catch {
    // Somebody else was faster; the next round looks again.
  }
  rmSync(aside, { force: true });
}
