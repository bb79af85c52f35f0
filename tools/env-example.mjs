// .env.example: every variable with its default, as the product's configuration declares it.
//
//   node tools/env-example.mjs --write|--check
import { buildIfStale } from './bootstrap.mjs';
import { outputOf, writeOrCheck } from './generated-file.mjs';
import { appEntry } from './paths.mjs';
import { reportAndExit } from './steps.mjs';

async function main() {
  await buildIfStale();
  const text = outputOf(appEntry('cli'), ['env-example']);
  writeOrCheck(process.argv[2], '.env.example', text, 'node tools/env-example.mjs --write');
}

main().catch(reportAndExit);
