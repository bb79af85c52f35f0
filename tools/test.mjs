// npm test [-- <jest arguments>]: Jest on the project's Node, with a report for CI beside the human output.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { bootstrap } from './bootstrap.mjs';
import { NODE_MODULES, PROJECT_NODE, ROOT, pathWithLocalBins } from './paths.mjs';
import { reportAndExit } from './steps.mjs';
import { failedFiles, mergeReports } from './test-report.mjs';

const REPORT = process.env.TEST_REPORT ?? join('reports', 'jest.json');
/** After its report is written, Jest has this long to exit, in ms. */
const EXIT_WITHIN_MS = 30_000;
/** More files than this fail for a reason. */
const MOST_UNSTABLE = 5;

/** It has said already what is missing. npm leaves it out where ignore-scripts is set. */
function pretestHasRun() {
  return process.env.npm_lifecycle_event === 'test' && process.env.npm_config_ignore_scripts !== 'true';
}

async function main() {
  await bootstrap({ forTests: !pretestHasRun() });
  mkdirSync(join(ROOT, 'reports'), { recursive: true });
  rmSync(resolve(ROOT, REPORT), { force: true });

  // Ctrl-C reaches Jest by itself, and its teardown stops the servers: wait for that.
  process.on('SIGINT', () => undefined);
  const args = process.argv.slice(2);
  process.exitCode = await runJest(REPORT, args);
  const wholeSuiteInCi = args.length === 0 && process.env.CI === 'true';
  if (process.exitCode !== 0 && wholeSuiteInCi) process.exitCode = await runFailedAgain();
}

/** Returns the exit code of Jest. */
async function runJest(report, args) {
  const jest = join(NODE_MODULES, 'jest', 'bin', 'jest.js');
  const nodeOptions = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', process.env.NODE_OPTIONS];
  const child = spawn(PROJECT_NODE, [jest, '--json', `--outputFile=${report}`, '--testLocationInResults', ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, PATH: pathWithLocalBins(), NODE_OPTIONS: nodeOptions.filter(Boolean).join(' ') },
  });
  const terminate = () => child.kill('SIGTERM');
  process.on('SIGTERM', terminate);
  const exited = new Promise((settle) => child.once('exit', (code) => settle(code ?? 1)));
  const ended = new AbortController();
  const code = await Promise.race([exited, endAfterReport(child, report, ended.signal)]);
  ended.abort();
  process.off('SIGTERM', terminate);
  return code;
}

/**
 * On a machine that is shared, a deadline can be missed for no fault of the product: a few files that failed run once
 * more, one at a time. What passes then counts, and is named as unstable: it is to be repaired.
 */
async function runFailedAgain() {
  const first = readReport(REPORT);
  const failed = first === undefined ? [] : failedFiles(first);
  if (failed.length === 0 || failed.length > MOST_UNSTABLE) return 1;
  const files = failed.map((file) => relative(ROOT, file));
  console.error(`\n${files.length} files failed and run once more, one at a time:\n  ${files.join('\n  ')}\n`);
  const report = `${REPORT}.again`;
  rmSync(resolve(ROOT, report), { force: true });
  const code = await runJest(report, ['--runInBand', '--runTestsByPath', ...files]);
  const second = readReport(report);
  if (second === undefined) return 1;
  writeFileSync(resolve(ROOT, REPORT), JSON.stringify(mergeReports(first, second)));
  if (code === 0) console.error(`\nunstable, passed when run again: ${files.join(', ')}`);
  return code;
}

function readReport(report) {
  const file = resolve(ROOT, report);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** A test that failed may leave something running: the run ends all the same, and CI does not hang. */
function endAfterReport(child, report, signal) {
  return new Promise((settle) => {
    const timer = setInterval(() => {
      if (!existsSync(resolve(ROOT, report))) return;
      clearInterval(timer);
      const end = setTimeout(() => {
        console.error(`Jest has not exited within ${EXIT_WITHIN_MS / 1000} s: a test left something running`);
        child.kill('SIGKILL');
        settle(readReport(report).success ? 0 : 1);
      }, EXIT_WITHIN_MS);
      signal.addEventListener('abort', () => clearTimeout(end));
    }, 1000);
    signal.addEventListener('abort', () => clearInterval(timer));
  });
}

main().catch(reportAndExit);
