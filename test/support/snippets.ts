import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';

/** The code block of a document that follows the comment `<!-- tested: name -->`. */
export function snippet(document: string, name: string): string {
  const text = readFileSync(join(import.meta.dirname, '../..', document), 'utf8');
  const [, code] = new RegExp(`<!-- tested: ${name} -->\\n+\`\`\`\\w+\\n([^]*?)\`\`\``).exec(text) ?? [];
  if (code === undefined) throw new Error(`${document} has no block that is tested as ${name}`);
  return code;
}

/** The variables that such a block sets, one a line. */
export function settingsIn(document: string, name: string): Record<string, string> {
  const lines = snippet(document, name).trim().split('\n');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Runs JavaScript with these names in scope; it may await, and return. */
export function runSnippet(code: string, names: Record<string, unknown>): Promise<unknown> {
  const run = compileFunction(`return (async () => {\n${code}\n})()`, Object.keys(names)) as (
    ...values: unknown[]
  ) => Promise<unknown>;
  return run(...Object.values(names));
}
