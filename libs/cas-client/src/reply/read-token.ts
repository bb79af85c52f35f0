import { z } from 'zod';
import { CasBadReplyError } from '../errors/cas-errors.js';
import { jwtShape } from './jwt-shape.js';

export interface MintedToken {
  /** Byte for byte as CAS wrote it. */
  token: string;
  expiresAt: Date;
}

const replyBody = z.looseObject({ token: z.string() });

/**
 * The token in a body of CAS. It lives until its `exp`, but no longer than `maxTtlS` seconds from `now` (in ms since
 * 1970), and just as long where it has no `exp`.
 *
 * @throws CasBadReplyError for anything but a usable token.
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
