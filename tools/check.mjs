// npm run check: everything that can be checked without running the product. Needs no network.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap } from './bootstrap.mjs';
import { PROJECT_NODE, ROOT, localBin, pathWithLocalBins } from './paths.mjs';
import { reportAndExit, secondsSince } from './steps.mjs';

const AT_ONCE = 2;

/** `needs`: the file without which there is nothing to check yet. Longest first, so that two at a time end early. */
const CHECKS = [
  { name: 'eslint', needs: 'eslint.config.mjs', command: [localBin('eslint'), '.'] },
  { name: 'tsc', needs: 'tsconfig.json', command: [localBin('tsc'), '-p', '.', '--noEmit'] },
  { name: 'prettier', needs: '.prettierrc.json', command: [localBin('prettier'), '--check', '.'] },
  {
    name: 'dependency-cruiser',
    needs: '.dependency-cruiser.mjs',
    command: [localBin('depcruise'), '--config', '.dependency-cruiser.mjs', 'apps', 'libs', 'clients', 'test'],
  },
  {
    name: 'client for browsers',
    needs: 'clients/typescript/tsconfig.build.json',
    command: [localBin('tsc'), '-p', 'clients/typescript/tsconfig.build.json', '--noEmit'],
  },
  { name: 'openapi.json', needs: 'openapi.json', command: ['tools/openapi.mjs', '--check'] },
  { name: 'types of the client', needs: 'openapi.json', command: ['tools/client.mjs', '--check'] },
  { name: '.env.example', needs: '.env.example', command: ['tools/env-example.mjs', '--check'] },
  { name: 'docker-compose.yml', needs: 'docker-compose.yml', command: ['tools/compose.mjs'] },
];

async function main() {
  const start = performance.now();
  // Built once here: two of the checks run what was built, and would otherwise build at the same time.
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

async function runCheck({ name, needs, command }) {
  if (!existsSync(join(ROOT, needs))) {
    console.log(`  - ${name.padEnd(24)} SKIPPED: there is no ${needs} yet`);
    return true;
  }
  const start = performance.now();
  const { code, output } = await run(command);
  console.log(`  ${code === 0 ? '✓' : '✗'} ${name.padEnd(24)} ${secondsSince(start)}`);
  if (code !== 0) console.log(`${output.trimEnd()}\n`);
  return code === 0;
}

function run(command) {
  return new Promise((resolve) => {
    const child = spawn(PROJECT_NODE, command, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: pathWithLocalBins() },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

main().catch(reportAndExit);
