import { hash } from 'node:crypto';
import { ClockSkewMonitor } from '@app/entities';
import { ROOM_TICKET_SCOPES, TICKET_PREFIX, type TicketScope } from '@app/kernel';
import { Sealing } from '@app/sealing';
import { Injectable } from '@nestjs/common';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { customAlphabet } from 'nanoid';
import { z } from 'zod';
import { ended, invalid, type Rejection } from './authentication.js';

/** Separates the keys of tickets from the sealing keys that they are derived from. */
const KEY_LABEL = 'watchtogether ticket v1';
const ALGORITHM = 'HS256';
const TYPE = 'wtt+jwt';
/** Longer than any ticket, in characters. */
const MAX_LENGTH = 4096;
const CACHE_MAX_TICKETS = 20_000;

const newId = customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 12);

/** What a ticket is for: one session, or one room with all its sessions. */
export type TicketPlace = { session: string } | { room: string };

export interface TicketClaims {
  /** The id of the API key that issued it. */
  issuer: string;
  /** The person it was issued to, by the name that the issuer uses. */
  subject: string;
  /** The name to show, if the issuer gave one. */
  name: string | null;
  scopes: readonly TicketScope[];
  place: TicketPlace;
}

export interface Ticket extends TicketClaims {
  id: string;
}

interface Verified {
  ticket: Ticket;
  keyId: string;
  expiresAt: number;
}

const payload = z.object({
  jti: z.string(),
  iss: z.string(),
  sub: z.string(),
  name: z.string().exactOptional(),
  scope: z.string(),
  session: z.string().exactOptional(),
  room: z.string().exactOptional(),
  exp: z.number(),
});

/**
 * Signs tickets and verifies them. A ticket is `wtt_` and a JWT (HS256) by a key that is derived from a key of the
 * sealing ring: nothing is stored, and all gateways with that ring accept it.
 */
@Injectable()
export class TicketSigner {
  /** Verified ones by their SHA-256: connections that are open for long are checked every second. */
  private readonly cache = new LRUCache<string, Verified>({ max: CACHE_MAX_TICKETS });

  constructor(
    private readonly sealing: Sealing,
    private readonly clock: ClockSkewMonitor,
  ) {}

  async sign(
    { issuer, subject, name, scopes, place }: TicketClaims,
    ttlS: number,
  ): Promise<{ ticket: string; expiresAt: Date }> {
    const keyId = this.sealing.sealingKeyId;
    const key = this.sealing.derive(keyId, KEY_LABEL);
    if (key === undefined) throw new Error('the sealing key is not in its own ring');
    const nowS = Math.floor(this.now() / 1000);
    const jwt = await new SignJWT({ scope: scopes.join(' '), ...(name !== null && { name }), ...place })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: keyId })
      .setJti(newId())
      .setIssuer(issuer)
      .setSubject(subject)
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + ttlS)
      .sign(key);
    return { ticket: `${TICKET_PREFIX}${jwt}`, expiresAt: new Date((nowS + ttlS) * 1000) };
  }

  /** What a ticket says, if it was signed here and has not expired. Who issued it is for the caller to check. */
  async verify(text: string): Promise<Ticket | Rejection> {
    if (text.length > MAX_LENGTH) return invalid('malformed');
    const digest = hash('sha256', text, 'base64');
    const verified = this.cache.get(digest) ?? (await this.verifySignature(text.slice(TICKET_PREFIX.length)));
    if ('rejected' in verified) return verified;
    // Both can have changed since it was verified.
    if (this.sealing.derive(verified.keyId, KEY_LABEL) === undefined) return invalid('unknown-key');
    if (verified.expiresAt <= this.now()) return ended('expired');
    this.cache.set(digest, verified);
    return verified.ticket;
  }

  private async verifySignature(jwt: string): Promise<Verified | Rejection> {
    if (!hasOneSpelling(jwt)) return invalid('malformed');
    try {
      const { kid, alg } = decodeProtectedHeader(jwt);
      if (alg !== ALGORITHM) return invalid('algorithm-not-accepted');
      const key = typeof kid === 'string' ? this.sealing.derive(kid, KEY_LABEL) : undefined;
      if (key === undefined || kid === undefined) return invalid('unknown-key');
      const options = { algorithms: [ALGORITHM], typ: TYPE, currentDate: new Date(this.now()) };
      const claims = payload.parse((await jwtVerify(jwt, key, options)).payload);
      return { ticket: toTicket(claims), keyId: kid, expiresAt: claims.exp * 1000 };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return ended('expired');
      if (error instanceof errors.JWSSignatureVerificationFailed) return invalid('bad-signature');
      // TypeError: of a header that cannot be decoded. ZodError: of a ticket of another version.
      if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof z.ZodError)
        return invalid('malformed');
      throw error;
    }
  }

  /** By the clock of the database, so that all gateways agree. In ms since the epoch. */
  private now(): number {
    return Date.now() - this.clock.skewS * 1000;
  }
}

function toTicket({ jti, iss, sub, name, scope, session, room }: z.output<typeof payload>): Ticket {
  const place = session !== undefined ? { session } : room !== undefined ? { room } : null;
  if (place === null) throw new TypeError('a ticket for nothing');
  const scopes = scope.split(' ').filter(isTicketScope);
  return { id: jti, issuer: iss, subject: sub, name: name ?? null, scopes, place };
}

function isTicketScope(text: string): text is TicketScope {
  return ROOM_TICKET_SCOPES.some((scope) => scope === text);
}

/** Base64 is decoded leniently: without this check, several texts would be the same ticket. */
function hasOneSpelling(jwt: string): boolean {
  return jwt.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
}
