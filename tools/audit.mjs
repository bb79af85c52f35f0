// npm run audit: checks the dependencies by `npm audit`, by the lock file checks that npm does not have, and writes an
// SBOM. A command of its own, so that a new advisory does not block other work. It fails for a high or critical advisory
// of a production dependency and for a fault of the lock file; everything else is for people to read.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockFileFaults, scriptFaults } from './lock-file.mjs';
import { ROOT } from './paths.mjs';
import { run } from './run.mjs';
import { ToolError, reportAndExit } from './steps.mjs';

const SBOM = join('reports', 'sbom.cdx.json');
const NPM_TIMEOUT_MS = 120_000;

const readJson = (name) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
const npm = (...args) => run('npm', [...args, '--fetch-retries=0'], { cwd: ROOT, timeout: NPM_TIMEOUT_MS });
const print = (title, text) => console.log(`  ${title.padEnd(26)} ${text}`);

async function main() {
  const [manifest, lock] = [readJson('package.json'), readJson('package-lock.json')];
  const [grave] = await Promise.all([advisories('production', '--omit=dev'), advisories('all')]);
  const faults = checkLockFile(lock, manifest.allowScripts);
  await writeSbom(manifest.name);
  if (grave.length + faults.length === 0) return;
  throw new ToolError(`The audit failed:\n${[...grave, ...faults].map((line) => `  - ${line}`).join('\n')}`);
}

/** Returns a line for each package with a high or critical advisory. */
async function advisories(which, ...args) {
  const { stdout } = await npm('audit', '--package-lock-only', '--json', ...args);
  const report = parse(stdout);
  if (report?.vulnerabilities === undefined) {
    const reason = report?.statusCode ? `status ${report.statusCode}` : (report?.message ?? 'no reply');
    print(`advisories, ${which}`, `NOT CHECKED: the registry does not answer (${reason})`);
    return [];
  }
  const packages = Object.values(report.vulnerabilities);
  const list = ['critical', 'high', 'moderate', 'low', 'info'].flatMap((severity) => {
    const names = packages.filter((found) => found.severity === severity).map(({ name }) => name);
    return names.length > 0 ? [`${names.length} ${severity} (${names.join(', ')})`] : [];
  });
  print(`advisories, ${which}`, list.join(', ') || 'none');
  return packages
    .filter(({ severity }) => ['critical', 'high'].includes(severity))
    .map(({ name, severity, via }) => {
      const causes = via.map((cause) => (typeof cause === 'string' ? `by ${cause}` : `${cause.title} (${cause.url})`));
      return `an advisory of a production dependency: ${name}, ${severity}: ${causes.join('; ')}`;
    });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkLockFile(lock, allowScripts) {
  const faults = [...lockFileFaults(lock), ...scriptFaults(lock, allowScripts)];
  const count = Object.keys(lock.packages).length - 1;
  print('lock file', faults.length > 0 ? `${faults.length} faults` : `${count} packages, all sound`);
  return faults;
}

/** Of the production dependencies. */
async function writeSbom(name) {
  const { code, stdout, output } = await npm(
    'sbom',
    '--sbom-format=cyclonedx',
    '--sbom-type=application',
    '--omit=dev',
  );
  if (code !== 0) throw new ToolError(`npm sbom failed:\n${output}`);
  const document = JSON.parse(stdout);
  // npm takes the name of the directory.
  document.metadata.component.name = name;
  mkdirSync(join(ROOT, 'reports'), { recursive: true });
  writeFileSync(join(ROOT, SBOM), `${JSON.stringify(document, null, 2)}\n`);
  print('SBOM', `${SBOM}, ${document.components.length} packages (production)`);
}

main().catch(reportAndExit);
