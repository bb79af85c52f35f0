export { type CasCall, CasClient, type CasOutcome } from './cas-client.js';
export { CasClientModule } from './cas-client.module.js';
export { CasCredentials, type CasKeyPair } from './cas-credentials.js';
export {
  type BadReply,
  CasBadReply,
  CasBusy,
  CasCallAborted,
  CasCredentialsInMotion,
  CasCredentialsRejected,
  CasError,
  CasRejected,
  CasUnavailable,
} from './errors.js';
export type { MintedToken } from './read-token.js';
