import { createHash } from 'node:crypto';

/** Thrown by a check when the server violates the contract; the message says what was observed. */
export class FaultError extends Error {}

/** No complete response: refused, reset, too late, too large. */
export class NoResponseError extends FaultError {}

/** The server stopped responding while it was checked. */
export class ServerGoneError extends FaultError {}

/** Thrown by a check that cannot be made here; the message says why. */
export class SkipError extends Error {}

/** Thrown by a check for what is unwise but allowed by the contract. */
export class WarningError extends Error {}

/** Stands for a token in all output: the first 8 hex digits of its SHA-256. */
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

/** `200 ×3, 500`: the most frequent values first, the rest counted. */
export function tally(values, most = 4) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, most).map(([value, count]) => (count > 1 ? `${value} ×${count}` : String(value)));
  if (sorted.length > most) shown.push(`${sorted.length - most} more`);
  return shown.join(', ');
}

/** Status and media type, never the body: it may hold a token. */
export function shown(reply) {
  return `${reply.status} ${reply.type.split(';')[0] || 'without a media type'}`;
}

export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
