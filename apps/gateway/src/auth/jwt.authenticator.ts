import { ConfigService, type SettingsService } from '@app/config';
import { isScope, type Scope } from '@app/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Caller } from './caller.js';
import { RemoteJwks } from './remote-jwks.js';

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
/** Tolerated clock skew between this server and the provider, in s. */
const CLOCK_TOLERANCE_S = 5;
const MAX_SUBJECT_LENGTH = 255;
/** Requests per second of one user. */
const USER_RATE_PER_S = 20;
/** How long a verified JWT is cached, in ms, at most until it expires. */
const CACHE_TTL_MS = 60_000;
const CACHE_MAX_TOKENS = 20_000;

/** Authenticates JWTs of the customer's identity provider. */
@Injectable()
export class JwtAuthenticator {
  /** Keyed by the SHA-256 of the token: no credential is kept. */
  private readonly cache = new LRUCache<string, Caller>({ max: CACHE_MAX_TOKENS });

  constructor(
    private readonly jwks: RemoteJwks,
    @Inject(ConfigService) private readonly config: SettingsService<'oidc'>,
  ) {}

  /** Whether this token was verified recently. */
  isCached(token: string): boolean {
    return this.cache.has(digestOf(token));
  }

  /**
   * The user of this token, or null if it is invalid or no identity provider is configured.
   *
   * @throws JwksUnavailableError when its key is unknown and the provider is unavailable
   */
  async authenticate(token: string): Promise<Caller | null> {
    const settings = this.config.get('oidc', { infer: true });
    if (settings === null) return null;
    const digest = digestOf(token);
    const known = this.cache.get(digest);
    if (known !== undefined) return known;
    const payload = await this.verify(token, settings);
    const caller = payload === null ? null : this.callerOf(payload, settings);
    if (caller !== null) {
      const leftMs = ((payload?.exp ?? 0) + CLOCK_TOLERANCE_S) * 1000 - Date.now();
      if (leftMs > 0) this.cache.set(digest, caller, { ttl: Math.min(CACHE_TTL_MS, leftMs) });
    }
    return caller;
  }

  private async verify(token: string, { issuer, audience }: { issuer: string; audience: string }) {
    try {
      const { payload } = await jwtVerify(token, (header) => this.jwks.key(header), {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_S,
      });
      return payload;
    } catch (error) {
      // An unusable key (TypeError) makes the token invalid; an unavailable provider does not.
      if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
      throw error;
    }
  }

  private callerOf(payload: JWTPayload, settings: { issuer: string; scopeClaim: string; defaultScopes: Scope[] }) {
    const { sub } = payload;
    if (typeof sub !== 'string' || !isStorable(sub)) return null;
    const claimed = scopesIn(payload[settings.scopeClaim]);
    return {
      id: `user:${settings.issuer}#${sub}`,
      principal: { kind: 'user' as const, issuer: settings.issuer, subject: sub },
      scopes: new Set(claimed.length > 0 ? claimed : settings.defaultScopes),
      ratePerS: USER_RATE_PER_S,
    };
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}

/** Subjects are stored: Postgres accepts neither U+0000 nor lone surrogates. */
function isStorable(sub: string): boolean {
  return sub.length > 0 && sub.length <= MAX_SUBJECT_LENGTH && sub.isWellFormed() && !sub.includes('\0');
}

/** This server's scopes in a claim: space-separated text or a list. Others, such as `openid`, are ignored. */
function scopesIn(claim: unknown): Scope[] {
  const names: unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return names.filter((name): name is Scope => typeof name === 'string' && isScope(name));
}
