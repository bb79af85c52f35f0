// The configuration with which the operator's commands reach the product that `npm start` runs: written at its start,
// readable by its owner only, removed at its end.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from '../paths.mjs';

const NEEDED = ['NODE_ENV', 'DATABASE_URL', 'REDIS_URL', 'QUEUE_PREFIX', 'TOKEN_ENCRYPTION_KEYS', 'CAS_URL'];

function fileIn(dataDir) {
  return join(dataDir, 'running.json');
}

export function writeRunning(dataDir, environment) {
  const kept = Object.fromEntries(NEEDED.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
  const file = fileIn(dataDir);
  writeFileSync(`${file}.new`, JSON.stringify(kept), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function forgetRunning(dataDir) {
  rmSync(fileIn(dataDir), { force: true });
}

/** Empty when `env` names a database. */
export function readRunning(env) {
  if (env.DATABASE_URL || env.DATABASE_URL_FILE) return {};
  try {
    return JSON.parse(readFileSync(fileIn(resolve(ROOT, env.DATA_DIR || '.data')), 'utf8'));
  } catch {
    return {};
  }
}
