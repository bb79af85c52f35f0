import { briefCause } from '@app/kernel';
import { AddressRefusedError } from './address-policy.js';
import { ProxyError } from './proxy-error.js';

/** Errors are wrapped in errors of fetch, undici and this library: a longer chain is not followed. */
const MAX_DEPTH = 5;

/** Why a call failed, for logs and for operators: the sentence about the proxy or the address, or the cause in words. */
export function egressCause(error: unknown): string {
  return knownCause(error)?.message ?? briefCause(error);
}

/** The same for those who choose the target: without the address of the proxy. */
export function publicEgressCause(error: unknown): string {
  const known = knownCause(error);
  if (known === null) return briefCause(error);
  return known instanceof ProxyError ? 'the proxy opened no connection' : known.message;
}

function knownCause(error: unknown): ProxyError | AddressRefusedError | null {
  let current: unknown = error;
  for (let depth = 0; depth < MAX_DEPTH && typeof current === 'object' && current !== null; depth++) {
    if (current instanceof ProxyError || current instanceof AddressRefusedError) return current;
    current = (current as { cause?: unknown }).cause;
  }
  return null;
}
