// The file .env of this checkout, for the npm scripts that run the product. The environment takes precedence.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ROOT } from '../paths.mjs';

/** Adds the variables of .env to `process.env`. Returns what was read, for the terminal; undefined without a file. */
export function loadEnvFile() {
  const file = join(ROOT, '.env');
  if (!existsSync(file)) return undefined;
  const variables = Object.entries(parseEnv(readFileSync(file, 'utf8')));
  const added = variables.filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of added) process.env[name] = value;
  const overridden = variables.length - added.length;
  const note = overridden > 0 ? `, ${overridden} of them overridden by the environment` : '';
  return `read .env: ${variables.length} ${variables.length === 1 ? 'variable' : 'variables'}${note}`;
}
