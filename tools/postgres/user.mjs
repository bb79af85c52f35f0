// The system user as which Postgres runs.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ToolError } from '../steps.mjs';

const SYSTEM_USERS = ['postgres', 'nobody'];

export function isRoot() {
  return process.getuid?.() === 0;
}

/**
 * The user and group for the server, `{}` for our own: Postgres refuses to run as root. Existing data keeps its owner;
 * without any, root chooses a system user.
 */
export function userToRunAs(dataDir, possibleDataDirs) {
  const owner = possibleDataDirs.map(ownerOfData).find(Boolean);
  if (!isRoot()) {
    if (owner !== undefined && owner.uid !== process.getuid?.()) {
      throw new ToolError(
        `The data in ${dataDir} belongs to another user (uid ${owner.uid}).\n` +
          'Run as that user (or as root), or choose another directory with DATA_DIR=…',
      );
    }
    return {};
  }
  if (owner !== undefined && owner.uid !== 0) return owner;
  for (const name of SYSTEM_USERS) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new ToolError('Postgres does not run as root, and this machine has no user "postgres" or "nobody".');
}

function ownerOfData(dataDir) {
  const stat = statSync(join(dataDir, 'PG_VERSION'), { throwIfNoEntry: false });
  return stat && { uid: stat.uid, gid: stat.gid };
}

function idOf(option, name) {
  const result = spawnSync('id', [option, name], { encoding: 'utf8' });
  return result.status === 0 ? Number(result.stdout.trim()) : undefined;
}

/** Options of spawn. The working directory is / because that user may not be able to enter the checkout. */
export function asUser(runAs) {
  return { ...runAs, cwd: '/', env: serverEnvironment() };
}

function serverEnvironment() {
  // PGDATA, PGPORT and the like would reconfigure the server.
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('LC_'));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}
