// deploy/grafana/dashboard.json, as deploy/grafana/dashboard.ts generates it, kept in the repository for Grafana to read.
//
//   node tools/dashboard.mjs --write|--check
import { join } from 'node:path';
import { outputOf, writeOrCheck } from './generated-file.mjs';
import { ROOT } from './paths.mjs';
import { reportAndExit } from './steps.mjs';

const SOURCE = join(ROOT, 'deploy/grafana/dashboard.ts');

async function main() {
  writeOrCheck(process.argv[2], 'deploy/grafana/dashboard.json', outputOf(SOURCE), 'node tools/dashboard.mjs --write');
}

main().catch(reportAndExit);
