// npm run conformance -- --url URL …: asks a customer auth server, whoever wrote it, whether its clients can rely on it.
// A black box: it knows the server by its URLs only. See docs/conformance.md.
import { USAGE, UsageError, readOptions } from './conformance/options.mjs';
import { Report } from './conformance/report.mjs';
import { runSuite } from './conformance/suite.mjs';
import { isEntry, reportAndExit } from './steps.mjs';

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
  const report = new Report(options);
  await runSuite(options, report);
  report.end();
  if (report.count('failed') > 0) process.exitCode = FAILED;
}

if (isEntry(import.meta.url)) main(process.argv.slice(2)).catch(reportAndExit);
