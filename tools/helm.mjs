// The Helm chart: lints it with each example, and keeps up to date what is derived from other files: the alerts in the chart,
// and in deploy/helm/golden what each example renders to, to be read when a template changes.
//
//   node tools/helm.mjs --write|--check
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeOrCheck } from './generated-file.mjs';
import { CHART, helm, helmProgram } from './helm-program.mjs';
import { ROOT } from './paths.mjs';
import { ToolError, reportAndExit } from './steps.mjs';

const UPDATE = 'node tools/helm.mjs --write';
const EXAMPLES = join('deploy', 'helm', 'examples');
const GOLDEN = join('deploy', 'helm', 'golden');
/** Files that the chart needs a copy of, since it holds all that it renders. */
const COPIES = [[join('deploy', 'prometheus', 'alerts.yml'), join(CHART, 'files', 'alerts.yml')]];

async function main() {
  const mode = process.argv[2];
  for (const [source, copy] of COPIES) {
    if (!existsSync(join(ROOT, source))) continue;
    mkdirSync(join(ROOT, CHART, 'files'), { recursive: true });
    writeOrCheck(mode, copy, readFileSync(join(ROOT, source), 'utf8'), UPDATE);
  }
  if (helmProgram() === undefined) {
    console.log(
      'SKIPPED: the chart was not rendered, since Helm is not installed (https://helm.sh/docs/intro/install).',
    );
    return;
  }
  for (const name of readdirSync(join(ROOT, EXAMPLES)).sort()) {
    const values = join(EXAMPLES, name);
    await must('lint', '--strict', '--quiet', CHART, '--values', values);
    const rendered = await must('template', 'wt', CHART, '--namespace', 'watchtogether', '--values', values);
    writeOrCheck(mode, join(GOLDEN, basename(name)), rendered, UPDATE);
  }
}

async function must(...args) {
  const { code, stdout, output } = await helm(args);
  if (code !== 0) throw new ToolError(`helm ${args.join(' ')} failed:\n${output}`);
  return stdout;
}

main().catch(reportAndExit);
