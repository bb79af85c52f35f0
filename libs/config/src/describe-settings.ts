import type { Namespace } from './namespaces/namespace.js';
import type { Environment } from './read-settings.js';
import { readSecretFile } from './secret-file.js';

/** One variable, as support may see it. */
export interface DescribedVariable {
  name: string;
  /** Where its value comes from. */
  from: 'environment' | 'file' | 'default' | 'nowhere';
  /** Absent for secrets. */
  value?: string;
}

/** What is set, without the value of any secret. */
export function describeSettings(namespaces: Record<string, Namespace>, environment: Environment): DescribedVariable[] {
  const described = new Map<string, DescribedVariable>();
  for (const { variables } of Object.values(namespaces)) {
    for (const [name, { secret = false, alias, default: preset }] of Object.entries(variables)) {
      const value = [alias === undefined ? undefined : environment[alias], environment[name]].find((text) => text);
      if (value !== undefined) described.set(name, { name, from: 'environment', ...(!secret && { value }) });
      else if (secret && environment[`${name}_FILE`]) described.set(name, { name, from: 'file' });
      else if (preset !== undefined) described.set(name, { name, from: 'default', value: preset });
      else described.set(name, { name, from: 'nowhere' });
    }
  }
  return [...described.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The texts in JSON; the entries of a list and their halves, as of a key ring; of a URL only the password, since hosts are no secret. */
function partsOf(value: string): string[] {
  if (value.startsWith('[')) return value.split('"').filter((text) => !text.includes('://'));
  if (!value.includes('://')) return value.split(/[,:]+/);
  const password = passwordOf(value);
  if (password === undefined) return [];
  return /%(?![0-9A-Fa-f]{2})/.test(password) ? [password] : [password, decodeURIComponent(password)];
}

/** Between the first colon behind the scheme and the last @, which a password may contain. */
function passwordOf(url: string): string | undefined {
  const colon = url.indexOf(':', url.indexOf('://') + 3);
  const end = url.lastIndexOf('@');
  return colon === -1 || end < colon ? undefined : url.slice(colon + 1, end);
}

/** Shorter texts are no secrets, and occur everywhere. */
const SHORTEST_SECRET = 8;

/**
 * The secrets of this shell, to be masked where they must not appear: the values of variables and files, and the parts
 * of those that are lists or URLs.
 */
export function secretValues(namespaces: Record<string, Namespace>, environment: Environment): string[] {
  const values = Object.values(namespaces).flatMap(({ variables }) =>
    Object.entries(variables).flatMap(([name, { secret = false }]) => {
      if (!secret) return [];
      const file = environment[`${name}_FILE`];
      return [environment[name], file ? readSecretFile(file) : null];
    }),
  );
  const parts = values.flatMap((value) => (value ? [value, ...partsOf(value)] : []));
  return [...new Set(parts)].filter((part) => part.length >= SHORTEST_SECRET).toSorted((a, b) => b.length - a.length);
}
