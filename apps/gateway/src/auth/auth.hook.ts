import { ConfigService, type SettingsService } from '@app/config';
import type { Scope } from '@app/kernel';
import { LOG, type Log } from '@app/observability';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem.js';
import { ApiKeyAuthenticator } from './api-key.authenticator.js';
import { type Caller, hasScope } from './caller.js';
import { wwwAuthenticate } from '../problems/www-authenticate.js';
import { JwtAuthenticator } from './jwt.authenticator.js';
import { toRetryAfterSeconds, rateLimitHeaders } from './rate-limit-headers.js';
import { RateLimiter } from './rate-limiter.js';
import { routeOf } from '../routing/routes.js';

/**
 * Authenticates and authorizes before a byte of the body is read: first 401, then 429 and 403. It is a Fastify hook
 * rather than a Nest guard, since Fastify parses the body (400, 413, 415) before any guard.
 */
@Injectable()
export class AuthHook {
  private warnedAboutProxy = false;

  constructor(
    private readonly apiKeys: ApiKeyAuthenticator,
    private readonly jwts: JwtAuthenticator,
    private readonly rateLimiter: RateLimiter,
    @Inject(ConfigService) private readonly config: SettingsService<'http'>,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async onRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const route = routeOf(request.method, request.routeOptions.url);
    if (route === undefined || route.scope === null) return;
    const caller = await this.identify(request);
    // Set before authorization, so that the audit trail can name who was denied.
    request.caller = caller;
    await this.consumeRateLimit(caller, reply);
    if (!hasScope(caller, route.scope)) {
      throw new ProblemError('insufficient-scope', {
        detail: `The credential lacks the scope ${route.scope}`,
        headers: wwwAuthenticate({ error: 'insufficient_scope', scope: route.scope }),
      });
    }
  }

  /** Whether a credential accepted before is still valid and has the scope. @throws StoreUnavailableError */
  async isStillAuthorized(authorization: string | undefined, scope: Scope): Promise<boolean> {
    const credential = credentialIn(authorization);
    const caller = credential === undefined ? null : await this.authenticatorFor(credential).authenticate(credential);
    return caller !== null && hasScope(caller, scope);
  }

  private async identify({ headers, ip }: FastifyRequest): Promise<Caller> {
    if (headers.authorization === undefined) throw new ProblemError('unauthenticated');
    const credential = credentialIn(headers.authorization);
    const caller = credential === undefined ? null : await this.authenticate(credential, ip);
    if (caller !== null) return caller;
    await this.rateLimiter.recordFailure(ip);
    if (headers['x-forwarded-for'] !== undefined) this.warnAboutProxy();
    throw new ProblemError('unauthenticated', { headers: wwwAuthenticate({ error: 'invalid_token' }) });
  }

  /** Blocked addresses get no lookup or signature check; cached credentials still work. */
  private async authenticate(credential: string, address: string): Promise<Caller | null> {
    const store = this.authenticatorFor(credential);
    const blockedForMs = this.rateLimiter.blockedForMs(address);
    if (blockedForMs > 0 && !store.isCached(credential)) {
      throw new ProblemError('rate-limited', {
        detail: 'Too many invalid credentials from this address',
        headers: { 'retry-after': String(toRetryAfterSeconds(blockedForMs)) },
      });
    }
    return store.authenticate(credential);
  }

  /** Logged once: behind an untrusted proxy all clients share one address and one limit. */
  private warnAboutProxy(): void {
    if (this.warnedAboutProxy || this.config.get('http', { infer: true }).trustedProxies > 0) return;
    this.warnedAboutProxy = true;
    this.log.warn(
      'requests arrive through a proxy but TRUST_PROXY is off: all clients share one address and its limits',
    );
  }

  private async consumeRateLimit(caller: Caller, reply: FastifyReply): Promise<void> {
    if (caller.ratePerS === null) return;
    const allowance = await this.rateLimiter.consume(caller.id, caller.ratePerS);
    void reply.headers(rateLimitHeaders(allowance));
    if (!allowance.allowed) {
      throw new ProblemError('rate-limited', {
        headers: { 'retry-after': String(toRetryAfterSeconds(allowance.resetMs)) },
      });
    }
  }

  /** API keys are recognized by their prefix; everything else is treated as a JWT. */
  private authenticatorFor(credential: string): ApiKeyAuthenticator | JwtAuthenticator {
    return credential.startsWith('wtk_') ? this.apiKeys : this.jwts;
  }
}

function credentialIn(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}
