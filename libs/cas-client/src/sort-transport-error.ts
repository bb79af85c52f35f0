import { errors } from 'undici';
import { CasBadReply, CasCallAborted, type CasError, CasUnavailable } from './errors.js';

/** Sorts what undici throws when an exchange does not come to its end. */
export function sortTransportError(error: unknown): CasError {
  if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError) {
    return new CasCallAborted();
  }
  if (error instanceof errors.HTTPParserError) {
    // Never as a cause: it carries the bytes that could not be parsed. None at all means that the answer just ended.
    return 'data' in error && Boolean(error.data) ? new CasBadReply('not-http') : new CasUnavailable();
  }
  return new CasUnavailable({ cause: error });
}
