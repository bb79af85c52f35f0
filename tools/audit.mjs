// npm run audit: what the packages that this project stands on bring along. A command of its own, so that an advisory of
// the day stops no other work. It fails for a high or critical advisory of a production dependency and for a fault of the
// lock file; the rest is for people to read.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAdvisories } from './audit/advisories.mjs';
import { licencesIn, unusualLicencesIn } from './audit/licences.mjs';
import { lockFileFaults, scriptFaults } from './audit/lock-file.mjs';
import { ROOT } from './paths.mjs';
import { ToolError, reportAndExit } from './steps.mjs';

const SBOM = join('reports', 'sbom.cdx.json');
const NPM_WITHIN_MS = 120_000;

const read = (name) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));

async function main() {
  const [manifest, lock] = [read('package.json'), read('package-lock.json')];
  const reasons = [...(await advisories()), ...lockFile(lock, manifest.allowScripts)];
  licences(lock);
  await sbom(manifest.name);
  if (reasons.length > 0) throw new ToolError(`The audit found what must not stay:\n${bullets(reasons)}`);
}

async function advisories() {
  const audit = async (...args) => readAdvisories(await npm('audit', '--package-lock-only', '--json', ...args));
  const [production, all] = await Promise.all([audit('--omit=dev'), audit()]);
  say('advisories, production', production.text);
  say('advisories, all', all.text);
  return production.grave.map((text) => `an advisory of a production dependency: ${text}`);
}

function lockFile(lock, allowScripts) {
  const faults = lockFileFaults(lock);
  say(
    'lock file',
    faults.length > 0 ? `${faults.length} faults` : `${Object.keys(lock.packages).length - 1} packages, all sound`,
  );
  const undecided = scriptFaults(lock, allowScripts);
  const names = (decision) => Object.keys(allowScripts).filter((name) => allowScripts[name] === decision);
  say('install scripts, allowed', names(true).join(', '));
  say('install scripts, refused', names(false).join(', '));
  return [...faults, ...undecided];
}

function licences(lock) {
  for (const [title, production] of [
    ['licences, production', true],
    ['licences, all', false],
  ]) {
    const kinds = Object.entries(licencesIn(lock, { production })).map(([kind, count]) => `${kind} ${count}`);
    say(title, kinds.join(', '));
  }
  const unusual = unusualLicencesIn(lock);
  if (unusual.length > 0) say('licences to look at', unusual.join(', '));
}

/** Of what is delivered: without the devDependencies. */
async function sbom(name) {
  const { output, failure } = await npm('sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--omit=dev');
  if (failure) throw new ToolError(`npm sbom failed:\n${failure}`);
  const document = JSON.parse(output);
  // npm takes the name of the directory.
  document.metadata.component.name = name;
  mkdirSync(join(ROOT, 'reports'), { recursive: true });
  writeFileSync(join(ROOT, SBOM), `${JSON.stringify(document, null, 2)}\n`);
  say('SBOM', `${SBOM}, ${document.components.length} packages (production)`);
}

function npm(...args) {
  return new Promise((resolve) => {
    const child = spawn('npm', [...args, '--fetch-retries=0'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: NPM_WITHIN_MS,
    });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.once('error', (error) => resolve({ output: '', failure: error.message }));
    child.once('close', (code) => resolve({ output, failure: code === 0 ? '' : errors.trim() || `exit code ${code}` }));
  });
}

const bullets = (lines) => lines.map((line) => `  - ${line}`).join('\n');
const say = (title, text) => console.log(`  ${title.padEnd(26)} ${text}`);

main().catch(reportAndExit);
