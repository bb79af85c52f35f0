export { type FetchedKeys, fetchKeys, identityProviderClient, type IdentityProviderSettings } from './fetch-keys.js';
export { IdentityProviderError } from './identity-provider-error.js';
export { SIGNATURE_ALGORITHMS, type VerificationKey } from './usable-keys.js';
