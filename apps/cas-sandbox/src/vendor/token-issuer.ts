import { createHmac, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { fingerprint } from './fingerprint.js';

export interface IssuedToken {
  token: string;
  rid: string;
  fingerprint: string;
}

const HEADER = encode({ typ: 'JWT', alg: 'HS256' });

/** Issues tokens of the vendor's shape. As with the vendor, nobody outside holds the key. */
@Injectable()
export class TokenIssuer {
  private readonly key = randomBytes(32);

  /** A token that lives `lifeS` seconds from now (negative: it died that long ago), or has no `exp` at all. */
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
