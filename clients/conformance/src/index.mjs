import { checkedOptions } from './options.mjs';
import { Report } from './report.mjs';
import { runSuite } from './suite.mjs';

export { UsageError } from './options.mjs';

/** Runs the kit and returns what `--json` prints. @throws UsageError */
export async function runConformance(given) {
  const options = checkedOptions(given);
  const report = new Report(options, given.onLine);
  await runSuite(options, report);
  report.end();
  return report.document();
}
