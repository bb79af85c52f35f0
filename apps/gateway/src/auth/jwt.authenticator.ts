import { ConfigService, type SettingsService } from '@app/config';
import { isUsableSubject } from '@app/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import { type Authentication, invalid, isRejection } from './authentication.js';
import type { Identity } from './caller.js';
import { scopesOf, type ScopeSettings } from './jwt-scopes.js';
import { RemoteJwks } from './remote-jwks.js';
import { CLOCK_TOLERANCE_S, verifyJwt } from './verify-jwt.js';

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
    if (settings === null) return invalid('no-identity-provider');
    const digest = digestOf(token);
    const cached = this.cache.get(digest);
    if (cached !== undefined) return cached;
    const verified = await verifyJwt(token, settings, (query) => this.jwks.keysFor(query));
    if (isRejection(verified)) return verified;
    const { claims } = verified;
    const identity = toIdentity(claims, settings);
    if (isRejection(identity)) return identity;
    const leftMs = ((claims.exp ?? 0) + CLOCK_TOLERANCE_S) * 1000 - Date.now();
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

function toIdentity(claims: JWTPayload, settings: ScopeSettings & { issuer: string }): Authentication {
  const { sub } = claims;
  if (typeof sub !== 'string' || !isUsableSubject(sub)) return invalid('unusable-subject');
  const id = `user:${settings.issuer}#${sub}`;
  return {
    id,
    quotaKey: id,
    principal: { kind: 'user', issuer: settings.issuer, subject: sub },
    scopes: scopesOf(claims, settings),
    ratePerS: USER_RATE_PER_S,
  };
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
