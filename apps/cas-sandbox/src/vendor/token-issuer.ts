import { createHmac, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { fingerprint } from './fingerprint.js';

export interface IssuedToken {
  token: string;
  /** The vendor's session id: unique per token. */
  rid: string;
  fingerprint: string;
}

const HEADER = encode({ typ: 'JWT', alg: 'HS256' });

/** Issues tokens in the vendor's format. As with the vendor, the signing key is never disclosed. */
@Injectable()
export class TokenIssuer {
  private readonly key = randomBytes(32);

  /** Issues a token that expires in `lifeS` seconds (negative: it already has), or without `exp` if `endless`. */
  issue({ lifeS, sub }: { lifeS: number | 'endless'; sub?: string | undefined }): IssuedToken {
    const now = Math.floor(Date.now() / 1000);
    const rid = randomBytes(16).toString('hex');
    // `rid` and `unct` come first in the vendor's documentation; what they mean is not public.
    const payload = {
      rid,
      unct: Date.now(),
      iat: now,
      ...(lifeS !== 'endless' && { exp: now + lifeS }),
      ...(sub !== undefined && { sub }),
    };
    const signed = `${HEADER}.${encode(payload)}`;
    const token = `${signed}.${createHmac('sha256', this.key).update(signed).digest('base64url')}`;
    return { token, rid, fingerprint: fingerprint(token) };
  }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
