import { errors } from 'undici';
import { CasBadReplyError, CasCallAbortedError, type CasError, CasUnavailableError } from '../errors/cas-errors.js';

/** Sorts what undici throws when an exchange does not come to its end. */
export function classifyTransportError(error: unknown): CasError {
  if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError) {
    return new CasCallAbortedError();
  }
  if (error instanceof errors.HTTPParserError) {
    // Never as a cause: it carries the bytes that could not be parsed. None at all means that the answer just ended.
    return 'data' in error && Boolean(error.data) ? new CasBadReplyError('not-http') : new CasUnavailableError();
  }
  return new CasUnavailableError({ cause: error });
}
