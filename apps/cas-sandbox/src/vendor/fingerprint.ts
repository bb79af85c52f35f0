import { createHash } from 'node:crypto';

/** 16 hex digits that tell tokens apart without showing them. */
export function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 16);
}
