import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');

export interface Expression {
  file: string;
  /** As it is written in the source. */
  text: string;
  regexp: RegExp;
}

/** Every regular expression in the sources of the product. */
export function expressionsOfProduct(): Expression[] {
  const files = globSync('{apps,libs}/*/src/**/*.ts', { cwd: ROOT }).filter((file) => !file.endsWith('.spec.ts'));
  return files.sort().flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.Latest, true);
    return literalsIn(source).map((text) => ({ file, text, regexp: parse(text) }));
  });
}

function literalsIn(node: ts.Node): string[] {
  if (ts.isRegularExpressionLiteral(node)) return [node.text];
  // Built at run time it could hold anything: there is no place for one where foreign text goes.
  if (ts.isNewExpression(node) && node.expression.getText() === 'RegExp') {
    throw new Error(`${node.getSourceFile().fileName} builds a regular expression at run time`);
  }
  const found: string[] = [];
  ts.forEachChild(node, (child) => {
    found.push(...literalsIn(child));
  });
  return found;
}

function parse(text: string): RegExp {
  const end = text.lastIndexOf('/');
  return new RegExp(text.slice(1, end), text.slice(end + 1));
}
