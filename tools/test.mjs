// npm test [-- <jest arguments>]: Jest on the project's Node, with a report for CI beside the human output.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap } from './bootstrap.mjs';
import { NODE_MODULES, PROJECT_NODE, ROOT, pathWithLocalBins } from './paths.mjs';
import { reportAndExit } from './steps.mjs';

const REPORT = join('reports', 'jest.json');

/** It has said already what is missing. npm leaves it out where ignore-scripts is set. */
function pretestHasRun() {
  return process.env.npm_lifecycle_event === 'test' && process.env.npm_config_ignore_scripts !== 'true';
}

async function main() {
  await bootstrap({ forTests: !pretestHasRun() });
  mkdirSync(join(ROOT, 'reports'), { recursive: true });
  rmSync(join(ROOT, REPORT), { force: true });

  const jest = join(NODE_MODULES, 'jest', 'bin', 'jest.js');
  // A test that failed may leave something running: the run ends all the same, and CI does not hang.
  const report = ['--json', `--outputFile=${REPORT}`, '--testLocationInResults', '--forceExit'];
  const nodeOptions = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', process.env.NODE_OPTIONS];
  const child = spawn(PROJECT_NODE, [jest, ...report, ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, PATH: pathWithLocalBins(), NODE_OPTIONS: nodeOptions.filter(Boolean).join(' ') },
  });
  // Ctrl-C reaches Jest by itself, and its teardown stops the servers: wait for that.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.exitCode = await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}

main().catch(reportAndExit);
