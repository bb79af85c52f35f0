// openapi.json, as the gateway generates it, kept in the repository so that every change of the contract is reviewed.
//
//   node tools/openapi.mjs --write|--check
import { buildIfStale } from './bootstrap.mjs';
import { outputOf, writeOrCheck } from './generated-file.mjs';
import { appEntry } from './paths.mjs';
import { reportAndExit } from './steps.mjs';

async function main() {
  await buildIfStale();
  const document = JSON.parse(outputOf(appEntry('gateway', 'print-openapi')));
  writeOrCheck(process.argv[2], 'openapi.json', `${JSON.stringify(document, null, 2)}\n`, 'npm run openapi');
}

main().catch(reportAndExit);
