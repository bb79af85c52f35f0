// Checks docker-compose.yml against the schema of the Compose specification; dclint contains a current copy.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { parseDocument } from 'yaml';
import { NODE_MODULES, ROOT } from './paths.mjs';
import { ToolError, reportAndExit } from './steps.mjs';

const SCHEMA_FILE = join(NODE_MODULES, 'dclint', 'schemas', 'compose.schema.json');
const FILE = 'docker-compose.yml';

/** Formats of Compose's own; ajv rejects a schema with an unknown format. */
const COMPOSE_FORMATS = {
  duration: /^(\d+(\.\d+)?(h|m|s|ms|us|ns))+$/,
  ports: true,
  expose: true,
  subnet_ip_address: true,
};

function composeValidator() {
  const schema = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'));
  // Its URL of draft-07 is unknown to ajv, whose default is draft-07.
  delete schema.$schema;
  const ajv = new (Ajv.default ?? Ajv)({ strict: false, allErrors: true });
  (addFormats.default ?? addFormats)(ajv);
  for (const [name, format] of Object.entries(COMPOSE_FORMATS)) ajv.addFormat(name, format);
  return ajv.compile(schema);
}

async function main() {
  const document = parseDocument(readFileSync(join(ROOT, FILE), 'utf8'), { merge: true });
  if (document.errors.length > 0) throw new ToolError(`${FILE}:\n${document.errors.join('\n')}`);
  const validate = composeValidator();
  if (validate(document.toJS())) return;
  const lines = validate.errors.map(({ instancePath, message, params }) => {
    return `  ${instancePath || '/'} ${message} ${JSON.stringify(params)}`;
  });
  throw new ToolError(`${FILE} is not a valid Compose file:\n${lines.join('\n')}`);
}

main().catch(reportAndExit);
