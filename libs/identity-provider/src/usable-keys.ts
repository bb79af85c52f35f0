import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';

/** Asymmetric only: a key that providers publish is no secret. */
export const SIGNATURE_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** A public key that can verify tokens. */
export interface VerificationKey {
  kid: string | undefined;
  algorithms: readonly SignatureAlgorithm[];
  key: KeyObject;
}

/** Far more than any provider publishes. */
const MAX_KEYS = 100;
/** RFC 7518, 3.3. */
const MIN_RSA_BITS = 2048;

const entry = z.looseObject({
  kid: z.string().optional().catch(undefined),
  alg: z.string().optional(),
  use: z.literal('sig').optional(),
  key_ops: z.array(z.string()).optional(),
});

/**
 * The entries of a key set that can verify tokens, in order. All others are skipped, whatever is wrong with them:
 * unknown kinds, missing fields, symmetric keys, keys for encryption, algorithms that are not accepted.
 */
export function usableKeys(entries: readonly unknown[]): VerificationKey[] {
  return entries.slice(0, MAX_KEYS).flatMap((candidate) => {
    const parsed = entry.safeParse(candidate);
    if (!parsed.success || parsed.data.key_ops?.includes('verify') === false) return [];
    const key = publicKey(parsed.data);
    if (key === undefined) return [];
    const { kid, alg } = parsed.data;
    const algorithms = algorithmsOf(key).filter((algorithm) => alg === undefined || alg === algorithm);
    return algorithms.length === 0 ? [] : [{ kid, algorithms, key }];
  });
}

function publicKey(jwk: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SignatureAlgorithm[] {
  switch (asymmetricKeyType) {
    case 'rsa':
      return (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS ? ['RS256', 'PS256'] : [];
    case 'ec':
      return asymmetricKeyDetails?.namedCurve === 'prime256v1' ? ['ES256'] : [];
    case 'ed25519':
      return ['EdDSA'];
    default:
      return [];
  }
}
