import { ConfigService, type SettingsService } from '@app/config';
import { isScope, type Scope } from '@app/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { type CryptoKey, errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Authentication } from './authentication.js';
import type { Identity } from './caller.js';
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
  private readonly cache = new LRUCache<string, Identity>({ max: CACHE_MAX_TOKENS });

  constructor(
    private readonly jwks: RemoteJwks,
    @Inject(ConfigService) private readonly config: SettingsService<'oidc'>,
  ) {}

  /**
   * Whose token this is; `invalid` too if no identity provider is configured.
   *
   * @throws JwksUnavailableError when its key is unknown and the provider is unavailable
   */
  async authenticate(token: string): Promise<Authentication> {
    const settings = this.config.get('oidc', { infer: true });
    if (settings === null) return 'invalid';
    const digest = digestOf(token);
    const cached = this.cache.get(digest);
    if (cached !== undefined) return cached;
    const payload = await verify(token, settings, (header) => this.jwks.key(header));
    if (typeof payload === 'string') return payload;
    const identity = toIdentity(payload, settings);
    if (identity === null) return 'invalid';
    const leftMs = ((payload.exp ?? 0) + CLOCK_TOLERANCE_S) * 1000 - Date.now();
    if (leftMs > 0) this.cache.set(digest, identity, { ttl: Math.min(CACHE_TTL_MS, leftMs) });
    return identity;
  }

  /**
   * As `authenticate`: what tells a token from a guess is its signature. A token that names an unknown key may make us ask
   * the provider, once in 30 s however many there are.
   */
  authenticateKnown(token: string): Promise<Authentication> {
    return this.authenticate(token);
  }
}

type FindKey = (header: JWTHeaderParameters) => Promise<CryptoKey>;

interface TokenSettings {
  issuer: string;
  audience: string;
  scopeClaim: string;
  defaultScopes: Scope[];
  allowAdmin: boolean;
}

async function verify(
  token: string,
  { issuer, audience }: TokenSettings,
  findKey: FindKey,
): Promise<JWTPayload | 'ended' | 'invalid'> {
  try {
    const { payload } = await jwtVerify(token, findKey, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_S,
    });
    return payload;
  } catch (error) {
    // Thrown only after the signature, the issuer and the audience were found to be right.
    if (error instanceof errors.JWTExpired || isTooEarly(error)) return 'ended';
    // An unusable key (TypeError) makes the token invalid; an unavailable provider does not.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return 'invalid';
    throw error;
  }
}

/** A genuine token whose `nbf` is still to come: handed out early, or by a clock that is ahead. */
function isTooEarly(error: unknown): boolean {
  return error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf' && error.reason === 'check_failed';
}

function toIdentity(payload: JWTPayload, settings: TokenSettings): Identity | null {
  const { sub } = payload;
  if (typeof sub !== 'string' || !isUsableSubject(sub)) return null;
  const claimed = scopesIn(payload[settings.scopeClaim]).filter((scope) => scope !== 'admin' || settings.allowAdmin);
  return {
    id: `user:${settings.issuer}#${sub}`,
    principal: { kind: 'user', issuer: settings.issuer, subject: sub },
    scopes: new Set(claimed.length > 0 ? claimed : settings.defaultScopes),
    ratePerS: USER_RATE_PER_S,
  };
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}

/** Subjects are stored, and shown in terminals: no lone surrogates and no control characters. */
function isUsableSubject(sub: string): boolean {
  return (
    sub.length > 0 && sub.length <= MAX_SUBJECT_LENGTH && sub.isWellFormed() && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(sub)
  );
}

/** This server's scopes in a claim: space-separated text or a list. Others, such as `openid`, are ignored. */
function scopesIn(claim: unknown): Scope[] {
  const names: unknown[] = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
  return names.filter((name): name is Scope => typeof name === 'string' && isScope(name));
}
