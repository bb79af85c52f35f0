import type { Identity } from './caller.js';

/**
 * The outcome of checking a credential: whose it is, `ended` for a genuine one that has expired, was revoked or is not valid yet, or
 * `invalid` for everything else, which may be a guess.
 */
export type Authentication = Identity | 'ended' | 'invalid';
