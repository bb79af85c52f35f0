import { createHash } from 'node:crypto';

/** A check throws it when the server does what it must not; the message says what was seen. */
export class Fault extends Error {}

/** A check throws it when it cannot be made here; the message says why. */
export class Skip extends Error {}

/** A check throws it when something is unwise and yet within the contract. */
export class Warning extends Error {}

/** What stands for a token in every output: the first 8 hex digits of its SHA-256. */
export function fingerprint(token) {
  return createHash('sha256').update(token).digest('hex').slice(0, 8);
}

/** The same for the tokens of one session: `3fa1b2c4`, or `3fa1b2c4+90ab12cd` for two products. */
export function fingerprints(tokens) {
  return Object.keys(tokens)
    .sort()
    .map((product) => fingerprint(tokens[product]))
    .join('+');
}

/** `200 ×3, 500`: the most frequent first, the rest counted. */
export function tally(values, most = 4) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, most).map(([value, count]) => (count > 1 ? `${value} ×${count}` : String(value)));
  if (sorted.length > most) shown.push(`${sorted.length - most} more`);
  return shown.join(', ');
}

/** A reply as a person should see it: never its body, which may hold a token. */
export function shown(reply) {
  return `${reply.status} ${reply.type.split(';')[0] || 'without a media type'}`;
}

export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
