// npm run test:mutation [-- part of a name]: applies each mutation of test/mutations.mjs to a copy of the sources, runs
// the tests that must see it, and prints the survivors. Exit code 1 if there are any.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MUTATIONS } from '../test/mutations.mjs';
import { NODE_MODULES, PROJECT_NODE, ROOT } from './paths.mjs';

const chosen = MUTATIONS.filter(({ name }) => name.includes(process.argv[2] ?? ''));
if (chosen.length === 0) {
  console.error(`No mutation has "${process.argv[2]}" in its name. The names are in test/mutations.mjs.`);
  process.exit(2);
}
const copy = mkdtempSync(join(tmpdir(), 'watchtogether-mutation-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));

const files = spawnSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' }).stdout;
for (const file of files.split('\n').filter(Boolean)) {
  mkdirSync(dirname(join(copy, file)), { recursive: true });
  cpSync(join(ROOT, file), join(copy, file), { force: true });
}
symlinkSync(NODE_MODULES, join(copy, 'node_modules'));

function run(args, env = {}) {
  return spawnSync(PROJECT_NODE, args, { cwd: copy, encoding: 'utf8', env: { ...process.env, ...env } });
}

function build() {
  const { status, stdout, stderr } = run(['tools/build.mjs']);
  if (status !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`);
}

function survives({ file, from, to, tests, build: needsBuild = false }) {
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(from).length !== 2) throw new Error(`${file} does not hold exactly one: ${from}`);
  writeFileSync(
    path,
    source.replace(from, () => to),
  );
  try {
    if (needsBuild) build();
    const jest = [join(NODE_MODULES, 'jest', 'bin', 'jest.js'), '--bail', '--silent', '--forceExit', ...tests];
    return run(jest, { NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning' }).status === 0;
  } finally {
    writeFileSync(path, source);
    if (needsBuild) build();
  }
}

build();
const survivors = [];
for (const [index, mutation] of chosen.entries()) {
  const started = performance.now();
  const survived = survives(mutation);
  if (survived) survivors.push(mutation.name);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${index + 1}/${chosen.length} ${survived ? 'SURVIVED' : 'seen'} (${seconds} s): ${mutation.name}`);
}
console.log(survivors.length === 0 ? 'every mutation was seen' : `survivors:\n  ${survivors.join('\n  ')}`);
process.exitCode = survivors.length === 0 ? 0 : 1;
