// openapi.json: what the gateway says about itself, kept in the repository so that a change of the contract is seen.
//
//   node tools/openapi.mjs --write|--check
import { buildIfStale } from './bootstrap.mjs';
import { outputOf, writeOrCheck } from './generated-file.mjs';
import { appEntry } from './paths.mjs';
import { ToolError, reportAndExit } from './steps.mjs';

async function main() {
  await buildIfStale();
  const document = JSON.parse(outputOf(appEntry('gateway', 'print-openapi')));
  await validate(document);
  writeOrCheck(process.argv[2], 'openapi.json', `${JSON.stringify(document, null, 2)}\n`, 'npm run openapi');
}

/** Against the schema of OpenAPI 3.1 itself. */
async function validate(document) {
  const validatorPackage = '@seriousme/openapi-schema-validator';
  const { Validator } = await import(validatorPackage).catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(`${validatorPackage} is not installed: the document was not checked against its meta-schema`);
    return {};
  });
  if (!Validator) return;
  // The validator takes apart what it gets.
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  if (!valid) throw new ToolError(`The document is not valid OpenAPI ${document.openapi}:\n${describe(errors)}`);
}

function describe(errors) {
  if (!Array.isArray(errors)) return String(errors);
  return errors.map(({ instancePath, message }) => `  ${instancePath || '/'} ${message}`).join('\n');
}

main().catch(reportAndExit);
