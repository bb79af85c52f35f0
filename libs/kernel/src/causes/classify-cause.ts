import { type Cause, type ForeignError, matchRules } from './cause.js';
import { NETWORK_CAUSES, TLS_CAUSES } from './network-causes.js';
import { POSTGRES_CAUSES, REDIS_CAUSES } from './store-causes.js';

/** Specific before general: a SQLSTATE or a reply of Redis says more than a closed connection. */
const RULES = [...POSTGRES_CAUSES, ...REDIS_CAUSES, ...TLS_CAUSES, ...NETWORK_CAUSES];

/** Errors within errors are followed this far. */
const DEEPEST = 5;

/**
 * Classifies an error of any client (pg, ioredis, undici, Node): the only place that knows their codes. Wrapped errors
 * and `AggregateError`s are opened, and the first cause that is known counts.
 */
export function classifyCause(error: unknown): Cause {
  const errors = [...opened(error, 0)];
  for (const one of errors) {
    const cause = matchRules(RULES, one);
    if (cause !== null) return cause;
  }
  const code = errors.map((one) => one.code).find((text) => text !== '') ?? '';
  return { kind: 'unknown', what: 'unexpected error', code, advice: 'check its log' };
}

/**
 * One sentence about a dependency that cannot be used: which part, where, what, and what to do.
 *
 * @param part the dependency and its address without credentials: `PostgreSQL at db.example:5432`
 */
export function describeCause(part: string, error: unknown): string {
  const { what, code, advice } = classifyCause(error);
  return `${part}: ${what.trimEnd()}${code === '' ? '' : ` (${code})`}; ${advice}`;
}

/** The cause in a few words, for a sentence that names the part and what to do itself: `connection refused, ECONNREFUSED`. */
export function briefCause(error: unknown): string {
  const { what, code } = classifyCause(error);
  return code === '' ? what.trimEnd() : `${what.trimEnd()}, ${code}`;
}

function* opened(error: unknown, depth: number): Generator<ForeignError> {
  if (depth > DEEPEST || typeof error !== 'object' || error === null) return;
  const { code, message, errors, cause, lastNodeError } = error as Record<string, unknown>;
  // Wrappers of our own carry a code too, but no rule matches it.
  yield { code: isForeignCode(code) ? code : '', message: typeof message === 'string' ? message : '' };
  if (Array.isArray(errors)) for (const inner of errors) yield* opened(inner, depth + 1);
  yield* opened(cause, depth + 1);
  yield* opened(lastNodeError, depth + 1);
}

/** Codes of systems are upper-case (`ECONNREFUSED`, `28P01`); ours are lower-case words. */
function isForeignCode(code: unknown): code is string {
  return typeof code === 'string' && /^[A-Z0-9_]{2,60}$/.test(code);
}
