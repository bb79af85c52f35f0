import type { KeyObject } from 'node:crypto';
import { SIGNATURE_ALGORITHMS } from '@app/identity-provider';
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify, type JWTVerifyOptions } from 'jose';
import { ended, invalid, type Rejection } from './authentication.js';

/** Tolerated clock skew between this server and the provider, in s. */
export const CLOCK_TOLERANCE_S = 5;

export interface TokenRules {
  issuer: string;
  audiences: readonly string[];
  /** The claim that stands in for a missing `aud`; undefined if `aud` is required. */
  clientIdClaim: string | undefined;
}

/** What of a token's header selects its key. */
export interface KeyQuery {
  algorithm: string;
  kid: string | undefined;
}

/**
 * Verifies a token with each of the keys that it may be signed with.
 *
 * @param findKeys the candidates; throws JWKSNoMatchingKey if there are none
 * @returns its claims (in an object, since they may have any name), or why it is rejected; `ended` only for tokens whose signature, issuer and audience are right
 * @throws what else `findKeys` throws
 */
export async function verifyJwt(
  token: string,
  rules: TokenRules,
  findKeys: (query: KeyQuery) => Promise<readonly KeyObject[]>,
): Promise<{ claims: JWTPayload } | Rejection> {
  try {
    const { alg = '', kid } = decodeProtectedHeader(token);
    // Before the key lookup: a token that cannot be accepted causes no request to the provider.
    if (!SIGNATURE_ALGORITHMS.some((accepted) => accepted === alg)) return invalid('algorithm-not-accepted');
    // Not verified yet: they only decide which claim is checked below.
    const unverified = decodeJwt(token);
    const { clientIdClaim } = rules;
    const usesClientId = unverified.aud === undefined && clientIdClaim !== undefined;
    if (usesClientId && !isAudience(unverified[clientIdClaim], rules)) return invalid('wrong-audience');
    const options: JWTVerifyOptions = {
      issuer: rules.issuer,
      ...(!usesClientId && { audience: [...rules.audiences] }),
      algorithms: [...SIGNATURE_ALGORITHMS],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_S,
    };
    return { claims: await verifyWithAny(token, await findKeys({ algorithm: alg, kid }), options) };
  } catch (error) {
    const rejection = rejectionFor(error);
    if (rejection === undefined) throw error;
    return rejection;
  }
}

function isAudience(value: unknown, { audiences }: TokenRules): boolean {
  return typeof value === 'string' && audiences.includes(value);
}

/** Providers give one id to several keys while they replace one, or none to all of them. */
async function verifyWithAny(
  token: string,
  keys: readonly KeyObject[],
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  for (const key of keys) {
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** Undefined for what is no fault of the token. */
function rejectionFor(error: unknown): Rejection | undefined {
  // Thrown only after the signature, the issuer and the audience were found to be right.
  if (error instanceof errors.JWTExpired) return ended('expired');
  if (isTooEarly(error)) return ended('not-yet-valid');
  if (error instanceof errors.JWTClaimValidationFailed) return invalid(CLAIM_REASONS[error.claim] ?? 'malformed');
  if (error instanceof errors.JWSSignatureVerificationFailed) return invalid('bad-signature');
  if (error instanceof errors.JWKSNoMatchingKey) return invalid('unknown-key');
  // TypeError: of a header that cannot be decoded, or a key that does not suit it.
  return error instanceof errors.JOSEError || error instanceof TypeError ? invalid('malformed') : undefined;
}

const CLAIM_REASONS: Record<string, Rejection['reason']> = {
  iss: 'wrong-issuer',
  aud: 'wrong-audience',
  sub: 'no-subject',
  exp: 'no-expiry',
};

/** A genuine token whose `nbf` is still to come: handed out early, or by a clock that is ahead. */
function isTooEarly(error: unknown): boolean {
  return error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf' && error.reason === 'check_failed';
}
