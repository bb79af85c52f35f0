import { ProxyError } from './proxy-error.js';

/** Errors are wrapped in errors of fetch, undici and this library; a chain of causes that is longer is not ours. */
const MAX_DEPTH = 5;

const TIMEOUTS = ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];

/**
 * Why a call failed, for logs and for operators: the sentence about the proxy, `timeout`, or the code of the underlying
 * error. Never a foreign message.
 */
export function egressCause(error: unknown): string {
  let current: unknown = error;
  for (let depth = 0; depth < MAX_DEPTH && isObject(current); depth++) {
    if (current instanceof ProxyError) return current.message;
    const { name, code } = current;
    if (name === 'TimeoutError' || TIMEOUTS.includes(String(code))) return 'timeout';
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return code;
    current = current.cause;
  }
  return 'unknown error';
}

function isObject(value: unknown): value is { name?: unknown; code?: unknown; cause?: unknown } {
  return typeof value === 'object' && value !== null;
}
