import { CasBadReply, CasBusy, CasCredentialsRejected, CasRejected, CasUnavailable } from './errors.js';
import type { Reply } from './exchange.js';
import { type MintedToken, readToken } from './read-token.js';
import { retryAfterMs } from './retry-after.js';
import { sortStatus } from './sort-status.js';

/**
 * The token of a reply; `maxTtlS` in s, `now` in ms since 1970. A redirect that gets here is one that is not followed.
 *
 * @throws CasError for every other reply.
 */
export function judgeReply(reply: Reply, maxTtlS: number, now: number): MintedToken {
  const means = sortStatus(reply.status);
  switch (means) {
    case 'token':
      if (reply.body === 'unread') throw new CasBadReply('unexpected-status');
      if (typeof reply.body === 'string') throw new CasBadReply(reply.body);
      return readToken(reply.body.text, maxTtlS, now);
    case 'redirect':
      throw new CasBadReply('redirect');
    case 'busy':
      throw new CasBusy({ retryAfterMs: retryAfterMs(reply.retryAfter, now) });
    case 'unavailable':
      throw new CasUnavailable({ retryAfterMs: retryAfterMs(reply.retryAfter, now) });
    case 'credentials-rejected':
      throw new CasCredentialsRejected();
    case 'rejected':
      throw new CasRejected();
    case 'bad-reply':
      throw new CasBadReply('unexpected-status');
  }
}
