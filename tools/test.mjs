// npm test [-- <jest arguments>]: Jest on the project's Node, with a report for CI beside the human output.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap } from './bootstrap.mjs';
import { NODE_MODULES, PROJECT_NODE, ROOT, pathWithLocalBins } from './paths.mjs';
import { reportAndExit } from './steps.mjs';

const REPORT = process.env.TEST_REPORT ?? join('reports', 'jest.json');
/** After its report is written, Jest has this long to exit, in ms. */
const EXIT_WITHIN_MS = 30_000;

/** It has said already what is missing. npm leaves it out where ignore-scripts is set. */
function pretestHasRun() {
  return process.env.npm_lifecycle_event === 'test' && process.env.npm_config_ignore_scripts !== 'true';
}

async function main() {
  await bootstrap({ forTests: !pretestHasRun() });
  mkdirSync(join(ROOT, 'reports'), { recursive: true });
  rmSync(join(ROOT, REPORT), { force: true });

  const jest = join(NODE_MODULES, 'jest', 'bin', 'jest.js');
  const report = ['--json', `--outputFile=${REPORT}`, '--testLocationInResults'];
  const nodeOptions = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', process.env.NODE_OPTIONS];
  const child = spawn(PROJECT_NODE, [jest, ...report, ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, PATH: pathWithLocalBins(), NODE_OPTIONS: nodeOptions.filter(Boolean).join(' ') },
  });
  // Ctrl-C reaches Jest by itself, and its teardown stops the servers: wait for that.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const exited = new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  process.exitCode = await Promise.race([exited, endAfterReport(child)]);
}

/** A test that failed may leave something running: the run ends all the same, and CI does not hang. */
function endAfterReport(child) {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!existsSync(join(ROOT, REPORT))) return;
      clearInterval(timer);
      setTimeout(() => {
        console.error(`Jest has not exited within ${EXIT_WITHIN_MS / 1000} s: a test left something running`);
        child.kill('SIGKILL');
        resolve(JSON.parse(readFileSync(join(ROOT, REPORT), 'utf8')).success ? 0 : 1);
      }, EXIT_WITHIN_MS).unref();
    }, 1000);
    timer.unref();
  });
}

main().catch(reportAndExit);
