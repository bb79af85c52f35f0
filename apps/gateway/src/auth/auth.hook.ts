import { ConfigService, type SettingsService } from '@app/config';
import { type Scope, TICKET_PREFIX } from '@app/kernel';
import { LOG, type Log } from '@app/observability';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAddress } from '../http/client-address.js';
import { ProblemError } from '../problems/problem.js';
import { isPublicRoute } from '../routing/public-paths.js';
import { ApiKeyAuthenticator } from './api-key.authenticator.js';
import { AuthenticatedCaller, invalidToken } from './authenticated-caller.js';
import { type Authentication, invalid, isRejection } from './authentication.js';
import { type Caller, hasScope, type Identity } from './caller.js';
import { JwtAuthenticator } from './jwt.authenticator.js';
import { toRetryAfterSeconds, rateLimitHeaders } from './rate-limit-headers.js';
import { RateLimiter } from './rate-limiter.js';
import { requiredScopes, type Route, routeOf } from '../routing/routes.js';
import { TicketAccess } from './ticket-access.js';
import { TicketAuthenticator } from './ticket.authenticator.js';

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
    private readonly tickets: TicketAuthenticator,
    private readonly ticketAccess: TicketAccess,
    private readonly rateLimiter: RateLimiter,
    @Inject(ConfigService) private readonly config: SettingsService<'http'>,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /**
   * Default deny: what is neither in the table of routes nor public is not served.
   *
   * @throws ProblemError 401, 403, 404, 429 · StoreUnavailableError
   */
  async onRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { url } = request.routeOptions;
    const route = routeOf(request.method, url);
    if (route === undefined && (url === undefined || !isPublicRoute(request.method, url)))
      throw new ProblemError('not-found');
    if (request.headers['x-forwarded-for'] !== undefined) this.warnAboutProxy();
    if (route === undefined || route.scope === null) return;
    const { authorization } = request.headers;
    const identity = await this.identify(request);
    const authenticate = async () => {
      const current = await this.currentIdentity(authorization);
      if (current !== null) await this.requireKind(current, route, request);
      return current;
    };
    const caller = new AuthenticatedCaller(identity, authenticate, requiredScopes(route));
    // Set before authorization, so that the audit trail can name who was denied.
    request.caller = caller;
    if (caller.ratePerS !== null) await this.consumeRateLimit(caller, caller.ratePerS, reply);
    caller.requireScope();
    if (caller.principal.kind !== 'key') await this.requireKind(caller, route, request);
  }

  /**
   * Authenticates a request that is not in the table of routes, such as one of the console: an API key with this scope.
   *
   * @throws ProblemError 401, 403, 429 · StoreUnavailableError
   */
  async requireKey(request: FastifyRequest, reply: FastifyReply, scope: Scope): Promise<Caller> {
    const { authorization } = request.headers;
    const identity = await this.identify(request);
    const caller = new AuthenticatedCaller(identity, () => this.currentIdentity(authorization), [scope]);
    request.caller = caller;
    if (caller.ratePerS !== null) await this.consumeRateLimit(caller, caller.ratePerS, reply);
    caller.requireScope();
    if (caller.principal.kind === 'key') return caller;
    throw new ProblemError('insufficient-scope', { detail: 'Only an API key may do this' });
  }

  /** Whether a credential accepted before is still valid and has the scope. @throws StoreUnavailableError */
  async isStillAuthorized(authorization: string | undefined, scope: Scope): Promise<boolean> {
    const identity = await this.currentIdentity(authorization);
    return identity !== null && hasScope(identity, scope);
  }

  /**
   * What kinds of caller other than API keys may not do, whatever their scopes.
   *
   * @throws ProblemError 401, 403 · StoreUnavailableError
   */
  private async requireKind({ principal }: Identity, route: Route, { params }: FastifyRequest): Promise<void> {
    if (principal.kind === 'ticket') {
      await this.ticketAccess.require(principal.place, route.ticket, params as Partial<Record<string, string>>);
    } else if (route.keysOnly === true && principal.kind !== 'key') {
      throw new ProblemError('insufficient-scope', { detail: 'Only an API key may do this' });
    }
  }

  private async currentIdentity(authorization: string | undefined): Promise<Identity | null> {
    const credential = credentialIn(authorization);
    if (credential === undefined) return null;
    const result = await this.authenticatorFor(credential).authenticate(credential);
    return isRejection(result) ? null : result;
  }

  private async identify(request: FastifyRequest): Promise<Identity> {
    const { authorization } = request.headers;
    if (authorization === undefined) throw new ProblemError('unauthenticated');
    const credential = credentialIn(authorization);
    const result = credential === undefined ? invalid('malformed') : await this.authenticate(credential, request);
    if (!isRejection(result)) return result;
    // For the log only: told to the caller, it would help to guess.
    this.log.debug({ requestId: request.id, reason: result.reason }, 'credential rejected');
    // A genuine credential whose time is over is no guess: a crowd behind one address may bring hundreds of them.
    if (result.rejected === 'invalid') await this.rateLimiter.recordFailure(clientAddress(request));
    throw invalidToken();
  }

  /** From a blocked address only what can be told from a guess without asking the database. */
  private async authenticate(credential: string, request: FastifyRequest): Promise<Authentication> {
    const authenticator = this.authenticatorFor(credential);
    const blockedForMs = this.rateLimiter.isBlocking ? this.rateLimiter.blockedForMs(clientAddress(request)) : 0;
    if (blockedForMs <= 0) return authenticator.authenticate(credential);
    const result = await authenticator.authenticateKnown(credential);
    if (!isRejection(result) || result.rejected !== 'invalid') return result;
    throw new ProblemError('rate-limited', {
      detail: 'Too many invalid credentials from this address',
      headers: { 'retry-after': String(toRetryAfterSeconds(blockedForMs)) },
    });
  }

  /** Logged once: behind an untrusted proxy all clients share one address and one limit. */
  private warnAboutProxy(): void {
    if (this.warnedAboutProxy || this.config.get('http', { infer: true }).trustedProxies > 0) return;
    this.warnedAboutProxy = true;
    this.log.warn(
      'requests arrive through a proxy but TRUST_PROXY is off: all clients share one address and its limits',
    );
  }

  private async consumeRateLimit(caller: Caller, ratePerS: number, reply: FastifyReply): Promise<void> {
    const result = await this.rateLimiter.consume(caller.quotaKey, ratePerS);
    void reply.headers(rateLimitHeaders(result));
    if (!result.allowed) {
      throw new ProblemError('rate-limited', {
        headers: { 'retry-after': String(toRetryAfterSeconds(result.resetMs)) },
      });
    }
  }

  /** API keys and tickets are recognized by their prefix; everything else is treated as a JWT. */
  private authenticatorFor(credential: string): ApiKeyAuthenticator | TicketAuthenticator | JwtAuthenticator {
    if (credential.startsWith('wtk_')) return this.apiKeys;
    return credential.startsWith(TICKET_PREFIX) ? this.tickets : this.jwts;
  }
}

function credentialIn(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}
