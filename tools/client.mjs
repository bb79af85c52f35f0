// The types of the TypeScript client, made from openapi.json and kept in the repository so that they can be read there.
//
//   node tools/client.mjs --write|--check
import { outputOf, writeOrCheck } from './generated-file.mjs';
import { localBin } from './paths.mjs';
import { reportAndExit } from './steps.mjs';

const TYPES = 'clients/typescript/src/generated/schema.d.ts';

async function main() {
  writeOrCheck(process.argv[2], TYPES, outputOf(localBin('openapi-typescript'), ['openapi.json']), 'npm run client');
}

main().catch(reportAndExit);
