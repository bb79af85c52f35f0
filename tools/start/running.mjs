// The configuration with which the operator's commands reach the product that `npm start` runs: written at its start,
// readable by its owner only, removed at its end.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from '../paths.mjs';

/** Not needed by a command: secrets of clients, and the addresses of the process itself. */
const LEFT_OUT = new Set([
  'BOOTSTRAP_API_KEY',
  'DEMO_LINK_SECRET',
  'PORT',
  'OPS_PORT',
  'OPS_HOST',
  'HOST',
  'LOG_LEVEL',
]);

/** Every variable of the product, as .env.example lists them. */
function productVariables() {
  const text = readFileSync(join(ROOT, '.env.example'), 'utf8');
  const names = [...text.matchAll(/^# ([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name);
  return ['NODE_ENV', ...names.filter((name) => !LEFT_OUT.has(name)).flatMap((name) => [name, `${name}_FILE`])];
}

function fileIn(dataDir) {
  return join(dataDir, 'running.json');
}

/** @param places the addresses of the ops ports and the directory of the log files */
export function writeRunning(dataDir, environment, places) {
  const kept = Object.fromEntries(
    productVariables().flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
  );
  const file = fileIn(dataDir);
  writeFileSync(`${file}.new`, JSON.stringify({ environment: kept, ...places }), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function forgetRunning(dataDir) {
  rmSync(fileIn(dataDir), { force: true });
}

/** Without an environment when `env` names a database, since that may be another deployment. */
export function readRunning(env) {
  const nothing = { environment: {}, opsUrls: [], logDir: undefined };
  if (env.DATABASE_URL || env.DATABASE_URL_FILE) return nothing;
  try {
    return { ...nothing, ...JSON.parse(readFileSync(fileIn(resolve(ROOT, env.DATA_DIR || '.data')), 'utf8')) };
  } catch {
    return nothing;
  }
}
