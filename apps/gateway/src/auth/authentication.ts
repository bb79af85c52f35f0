import type { Identity } from './caller.js';

/**
 * A credential that is not accepted.
 *
 * - `ended`: a genuine one that has expired, was revoked or is not valid yet
 * - `invalid`: everything else, which may be a guess
 */
export interface Rejection {
  rejected: 'ended' | 'invalid';
  /** What is wrong with it, for the log. Never told to the caller. */
  reason: RejectionReason;
}

export type RejectionReason =
  | 'algorithm-not-accepted'
  | 'bad-signature'
  | 'expired'
  | 'malformed'
  | 'no-expiry'
  | 'no-identity-provider'
  | 'no-subject'
  | 'not-yet-valid'
  | 'revoked-or-expired'
  | 'unknown-key'
  | 'unusable-subject'
  | 'wrong-audience'
  | 'wrong-issuer'
  | 'wrong-secret';

/** The outcome of checking a credential: whose it is, or why it is not accepted. */
export type Authentication = Identity | Rejection;

export function invalid(reason: RejectionReason): Rejection {
  return { rejected: 'invalid', reason };
}

export function ended(reason: RejectionReason): Rejection {
  return { rejected: 'ended', reason };
}

export function isRejection(result: object): result is Rejection {
  return 'rejected' in result;
}
