import type { Product } from '@app/kernel';
import { type Command, Option } from 'commander';
import { confirm } from '../confirm.js';
import { examine } from '../doctor/examine.js';
import { asLine } from '../doctor/finding.js';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'checks configuration, stores, keys and the services it calls, and suggests fixes; changes nothing, unless --mint is given',
    )
    .addOption(
      new Option('--mint [product]', 'also make one call of CAS, which creates a session with the vendor')
        .choices(['stream', 'sync', 'chat'])
        .preset('stream'),
    )
    .option('--yes', 'make that call without asking')
    .option('--json', 'print a JSON array')
    .action(doctor);
}

interface Options {
  mint?: Product;
  yes?: true;
  json?: true;
}

/** Exits with 1 if a check fails. */
async function doctor({ mint, yes, json }: Options): Promise<void> {
  if (mint !== undefined && yes !== true)
    await confirm(`This calls CAS once and creates a ${mint} session with the vendor, which may be billed.`, '--yes');
  const findings = await examine(mint);
  if (json) process.stdout.write(`${JSON.stringify(findings)}\n`);
  else for (const finding of findings) process.stdout.write(asLine(finding));
  if (findings.some(({ level }) => level === 'fault')) process.exitCode = 1;
}
