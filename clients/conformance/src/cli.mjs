#!/usr/bin/env node
// The command line of the kit; see README.md.
import { USAGE, UsageError, readOptions } from './options.mjs';
import { Report } from './report.mjs';
import { runSuite } from './suite.mjs';

const FAILED = 1;
const MISUSED = 2;

async function main(args) {
  let options;
  try {
    options = readOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = MISUSED;
    return;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const report = new Report(options, options.json ? undefined : (line) => process.stdout.write(`${line}\n`));
  await runSuite(options, report);
  report.end();
  if (options.json) process.stdout.write(`${JSON.stringify(report.document(), null, 2)}\n`);
  if (report.count('failed') > 0) process.exitCode = FAILED;
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = FAILED;
});
