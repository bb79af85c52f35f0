// The commands of the documents, so that what is tested is what an operator reads.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../paths.mjs';
import { ToolError } from '../steps.mjs';

/** The lines of the shell block that follows `<!-- tested: name -->` in a document. */
export function commandsOf(document, name) {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const [, block] = new RegExp(`<!-- tested: ${name} -->\\n+\`\`\`sh\\n([^]*?)\`\`\``).exec(text) ?? [];
  if (block === undefined) throw new ToolError(`${document} has no shell block that is tested as ${name}`);
  return block
    .split('\n')
    .map((line) => line.replace(/\s+#\s.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
