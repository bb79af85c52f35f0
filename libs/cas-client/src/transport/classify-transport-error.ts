import { errors } from 'undici';
import { CasBadReplyError, CasCallAbortedError, type CasError, CasUnavailableError } from '../errors/cas-errors.js';

/** Classifies an error thrown by undici. */
export function classifyTransportError(error: unknown): CasError {
  if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError) {
    return new CasCallAbortedError();
  }
  if (error instanceof errors.HTTPParserError) {
    // Not kept as the cause, since it contains the unparsed bytes. Without any, the response was merely cut off.
    return 'data' in error && Boolean(error.data) ? new CasBadReplyError('not-http') : new CasUnavailableError();
  }
  return new CasUnavailableError({ cause: error });
}
