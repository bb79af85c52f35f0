// npm run check: all checks that do not run the product. Needs no network.
import { join } from 'node:path';
import { bootstrap } from './bootstrap.mjs';
import { NODE_MODULES, PROJECT_NODE, ROOT, localBin, pathWithLocalBins } from './paths.mjs';
import { run } from './run.mjs';
import { reportAndExit, secondsSince } from './steps.mjs';

const AT_ONCE = 2;

/** The slowest first, so that two at a time finish early. */
const CHECKS = [
  { name: 'eslint', command: [localBin('eslint'), '.'] },
  { name: 'tsc', command: [localBin('tsc'), '-p', '.', '--noEmit'] },
  {
    name: 'documents and routes',
    command: [join(NODE_MODULES, 'jest', 'bin', 'jest.js'), 'test/static'],
    env: {
      TEST_ONLY: 'unit',
      NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
    },
  },
  { name: 'prettier', command: [localBin('prettier'), '--check', '.'] },
  {
    name: 'dependency-cruiser',

    command: [
      localBin('depcruise'),
      '--config',
      '.dependency-cruiser.mjs',
      'apps',
      'libs',
      'clients',
      'deploy',
      'test',
    ],
  },
  {
    name: 'client for browsers',

    command: [localBin('tsc'), '-p', 'clients/typescript/tsconfig.build.json', '--noEmit'],
  },
  { name: 'openapi.json', command: ['tools/openapi.mjs', '--check'] },
  {
    name: 'rules of OpenAPI',
    // It reports its use to its vendor, and asks for newer versions, unless told not to.
    command: [localBin('redocly'), 'lint', '--extends=recommended-strict', 'openapi.json'],
    env: { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  },
  { name: 'types of the client', command: ['tools/client.mjs', '--check'] },
  { name: 'docs/performance.md', command: ['tools/bench-docs.mjs', '--check'] },
  { name: 'docs/capacity.md', command: ['tools/simulate-docs.mjs', '--check'] },
  { name: 'docs/metrics.md', command: ['tools/metrics.mjs', '--check'] },
  { name: 'dashboard.json', command: ['tools/dashboard.mjs', '--check'] },
  { name: '.env.example', command: ['tools/env-example.mjs', '--check'] },
  { name: 'Helm chart', command: ['tools/helm.mjs', '--check'] },
  { name: 'docker-compose.yml', command: [localBin('dclint'), '--quiet', 'docker-compose.yml'] },
];

async function main() {
  const start = performance.now();
  // Two of the checks run built programs, and would otherwise build at the same time.
  await bootstrap();
  const queue = [...CHECKS];
  const failures = [];
  const worker = async () => {
    for (let check = queue.shift(); check; check = queue.shift()) {
      if (!(await runCheck(check))) failures.push(check.name);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));

  if (failures.length > 0) {
    console.log(`\n${failures.length} of ${CHECKS.length} checks failed: ${failures.join(', ')}`);
    process.exitCode = 1;
  } else {
    console.log(`\nall checks passed in ${secondsSince(start)}`);
  }
}

async function runCheck({ name, command, env = {} }) {
  const start = performance.now();
  const { code, output } = await run(PROJECT_NODE, command, {
    cwd: ROOT,
    env: { ...process.env, ...env, PATH: pathWithLocalBins() },
  });
  console.log(`  ${code === 0 ? '✓' : '✗'} ${name.padEnd(24)} ${secondsSince(start)}`);
  if (code !== 0) console.log(`${output.trimEnd()}\n`);
  return code === 0;
}

main().catch(reportAndExit);
