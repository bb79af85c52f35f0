import { createHash } from 'node:crypto';

/** Of the texts of this program, which are constant: a few dozen. */
const names = new Map<string, string>();
/** More would mean that a text contains values, which would fill the server's memory. */
const MAX_NAMES = 1000;

/**
 * The name under which a statement is prepared, made from its text: parsed and planned once per connection instead of
 * once per execution. Undefined if there are unexpectedly many texts; the statement is then not prepared.
 */
export function statementName(sql: string): string | undefined {
  const known = names.get(sql);
  if (known !== undefined) return known;
  if (names.size >= MAX_NAMES) return undefined;
  const name = `wt_${createHash('sha1').update(sql).digest('hex').slice(0, 24)}`;
  names.set(sql, name);
  return name;
}
