export { type CasCall, CasClient, type CasOutcome, type MintOptions } from './cas-client.js';
export { CasClientModule } from './cas-client.module.js';
export type { CasKeyPair } from './cas-credentials.js';
export { type CasEndpoint, CasEndpoints } from './cas-endpoints.js';
export {
  type BadReply,
  CasBadReplyError,
  CasRateLimitedError,
  CasCallAbortedError,
  CasCredentialsRotatingError,
  CasCredentialsRejectedError,
  CasError,
  CasRejectedError,
  CasUnavailableError,
} from './errors/cas-errors.js';
export type { MintedToken } from './reply/read-token.js';
