import { gatewayNamespaces, sandboxNamespaces, workerNamespaces } from './apps.js';
import type { Namespace } from './namespaces/namespace.js';

/** A set variable that no process reads, and the known variable that was probably meant. Names only, never values. */
export interface NearMiss {
  name: string;
  suggestion: string;
}

/** Standard variables that are read here too: names that resemble them usually belong to other programs. */
const FOREIGN = ['NODE_ENV', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'HOST', 'PORT', 'DEMO'];
/** A shorter word is too close to too many others: POST and HOST, CMS and CAS. */
const MIN_WORD = 4;
/** From this length on a word may contain two typing errors. */
const LONG_WORD = 8;

const known = knownNames();
const candidates = [...known].filter((name) => !FOREIGN.includes(name));

/**
 * The variables of `environment` whose name is a likely misspelling of a known one: words with a typing error, missing
 * underscores, lower case, or a wrong or missing unit (`CAS_TIMEOUT`, `CAS_TIMEOUT_S`).
 */
export function nearMisses(environment: Readonly<Record<string, unknown>>): NearMiss[] {
  return Object.keys(environment).flatMap((name) => {
    if (known.has(name)) return [];
    const suggestion = candidates.find((candidate) => resembles(name.toUpperCase(), candidate));
    return suggestion === undefined ? [] : [{ name, suggestion }];
  });
}

export function describeNearMiss({ name, suggestion }: NearMiss): string {
  return `unknown environment variable ${name} is ignored; did you mean ${suggestion}?`;
}

function knownNames(): ReadonlySet<string> {
  const namespaces = [gatewayNamespaces, workerNamespaces, sandboxNamespaces].flatMap((app) =>
    Object.values<Namespace>(app),
  );
  return new Set(
    namespaces.flatMap(({ variables }) =>
      Object.entries(variables).flatMap(([name, { secret, alias = name }]) =>
        secret === true ? [name, alias, `${name}_FILE`] : [name, alias],
      ),
    ),
  );
}

function resembles(name: string, candidate: string): boolean {
  if (name.replaceAll('_', '') === candidate.replaceAll('_', '')) return true;
  const [words, meant] = [wordsOf(name), wordsOf(candidate)];
  return words.length === meant.length && words.every((word, i) => isTypo(word, meant[i] ?? ''));
}

/** The words of a name, without its unit. */
function wordsOf(name: string): string[] {
  return name.replace(/_M?S$/, '').split('_');
}

function isTypo(word: string, meant: string): boolean {
  if (word === meant) return true;
  return meant.length >= MIN_WORD && editDistance(word, meant) <= (meant.length >= LONG_WORD ? 2 : 1);
}

/** The number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const substituted = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, substituted, swapped));
    }
  }
  return at(a.length, b.length);
}
