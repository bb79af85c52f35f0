import { CodedError } from '@app/kernel';

/** The key that sealed a token is not in the ring: it was removed too early or belongs to another deployment. */
export class UnknownSealingKeyError extends CodedError {
  readonly code = 'unknown-sealing-key';

  constructor(readonly keyId: string) {
    super('The key that sealed this token is not in the key ring');
  }
}

/** A sealed token was modified, truncated or moved to another session or product, or its key id now has another key. */
export class SealBrokenError extends CodedError {
  readonly code = 'seal-broken';

  /** @param keyId as the sealed token says; empty if it says none */
  constructor(readonly keyId: string) {
    super('The sealed token cannot be decrypted');
  }
}
