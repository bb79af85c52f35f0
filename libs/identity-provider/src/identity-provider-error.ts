import { CodedError } from '@app/kernel';

/**
 * The keys of the identity provider could not be read. The message says which address did what, for logs and operators:
 * it holds no text of the provider but for an issuer.
 *
 * - `unavailable`: no answer, or one that says so (5xx, 429)
 * - `refused`: an answer that must not, or cannot, be used
 * - `no-usable-key`: a key set without a key that can verify a token
 */
export class IdentityProviderError extends CodedError {
  constructor(
    readonly code: 'unavailable' | 'refused' | 'no-usable-key',
    message: string,
  ) {
    super(message);
  }
}
