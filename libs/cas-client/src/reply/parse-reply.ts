import {
  CasBadReplyError,
  CasRateLimitedError,
  CasCredentialsRejectedError,
  CasRejectedError,
  CasUnavailableError,
} from '../errors/cas-errors.js';
import type { Reply } from '../transport/exchange.js';
import { type MintedToken, readToken } from './read-token.js';
import { retryAfterMs } from './retry-after.js';
import { classifyStatus } from './classify-status.js';

/**
 * Returns the token of a response; `maxTtlS` in s, `now` in ms since 1970. Redirects that reach this point are not
 * followed.
 *
 * @throws CasError for a response without a usable token.
 */
export function parseReply(reply: Reply, maxTtlS: number, now: number): MintedToken {
  const means = classifyStatus(reply.status);
  switch (means) {
    case 'token':
      if (reply.body === 'unread') throw new CasBadReplyError('unexpected-status');
      if (typeof reply.body === 'string') throw new CasBadReplyError(reply.body);
      return readToken(reply.body.text, maxTtlS, now);
    case 'redirect':
      throw new CasBadReplyError('redirect');
    case 'busy':
      throw new CasRateLimitedError({ retryAfterMs: retryAfterMs(reply.retryAfter, now) });
    case 'unavailable':
      throw new CasUnavailableError({ retryAfterMs: retryAfterMs(reply.retryAfter, now) });
    case 'credentials-rejected':
      throw new CasCredentialsRejectedError();
    case 'rejected':
      throw new CasRejectedError();
    case 'bad-reply':
      throw new CasBadReplyError('unexpected-status');
  }
}
