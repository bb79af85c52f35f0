import { z } from 'zod';
import { CasBadReplyError } from '../errors/cas-errors.js';
import { jwtShape } from './jwt-shape.js';

export interface MintedToken {
  /** Exactly as received from CAS. */
  token: string;
  expiresAt: Date;
}

const replyBody = z.looseObject({ token: z.string() });

/**
 * Returns the token in a response body of CAS. It expires at its `exp`, but at most `maxTtlS` seconds after `now` (in
 * ms since 1970), which also applies if it has no `exp`.
 *
 * @throws CasBadReplyError if the body contains no usable token.
 */
export function readToken(body: string, maxTtlS: number, now: number): MintedToken {
  const reply = replyBody.safeParse(parseJson(body));
  if (!reply.success) throw new CasBadReplyError('no-token');
  const { token } = reply.data;
  const shape = jwtShape(token);
  if (shape === undefined) throw new CasBadReplyError('not-a-jwt');
  const expiresAt = Math.floor(Math.min((shape.exp ?? Infinity) * 1000, now + maxTtlS * 1000));
  if (expiresAt <= now) throw new CasBadReplyError('expired');
  return { token, expiresAt: new Date(expiresAt) };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new CasBadReplyError('not-json');
  }
}
