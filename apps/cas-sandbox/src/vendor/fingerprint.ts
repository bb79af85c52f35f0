import { createHash } from 'node:crypto';

/** Identifies a token or user without disclosing it: the first 16 hex digits of the SHA-256. */
export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
