import { briefCause } from '@app/kernel';
import { AddressRefusedError } from './address-policy.js';
import { ProxyError } from './proxy-error.js';

/** Errors are wrapped in errors of fetch, undici and this library; a chain of causes that is longer is not ours. */
const MAX_DEPTH = 5;

/** Why a call failed, for logs and for operators: the sentence about the proxy or the address, or the cause in words. */
export function egressCause(error: unknown): string {
  let current: unknown = error;
  for (let depth = 0; depth < MAX_DEPTH && typeof current === 'object' && current !== null; depth++) {
    if (current instanceof ProxyError || current instanceof AddressRefusedError) return current.message;
    current = (current as { cause?: unknown }).cause;
  }
  return briefCause(error);
}
