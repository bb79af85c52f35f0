import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Identity } from '../auth/caller.js';

/** With the cache of API keys (3 s) less than the 5 s within which a revoked credential dies, in ms. */
const VALID_MS = 1000;
const MAX_CREDENTIALS = 20_000;

/** Identities of credentials that were accepted within the last second, by the hash of the Authorization header. */
export class CredentialCache {
  private readonly identities = new LRUCache<string, Identity>({ max: MAX_CREDENTIALS, ttl: VALID_MS });

  keep(authorization: string, identity: Identity): void {
    this.identities.set(digest(authorization), identity);
  }

  find(authorization: string): Identity | undefined {
    return this.identities.get(digest(authorization));
  }
}

function digest(authorization: string): string {
  return hash('sha256', authorization, 'base64');
}
