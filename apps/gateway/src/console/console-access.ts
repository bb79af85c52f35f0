import { createHash } from 'node:crypto';
import { ConfigService, type SettingsService } from '@app/config';
import { StoreUnavailableError } from '@app/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { AuthHook } from '../auth/auth.hook.js';
import { rateLimitHeaders, toRetryAfterSeconds } from '../auth/rate-limit-headers.js';
import { RateLimiter } from '../auth/rate-limiter.js';
import { clientAddress } from '../http/client-address.js';
import { ProblemError } from '../problems/problem.js';
import { isForeignPage } from '../server/foreign-pages.js';
import { ConsoleError } from './console-error.js';
import { isOwnBrowser } from './loopback.js';

/** The actor of a development machine, where the console takes no key. */
const DEVELOPER = 'console';
/** Requests per second of one operator: a page makes one, and a few more when it is used. */
const REQUESTS_PER_S = 50;
/** A change has this header: no other site can send it without asking first, which is refused. */
const OWN_HEADER = 'x-console';
/** How long a key that was accepted is good for the overview while the database cannot be asked, in ms. */
const REMEMBERED_MS = 600_000;

declare module 'fastify' {
  interface FastifyRequest {
    /** Who uses the console, for the audit trail. */
    operator: string;
  }
}

/** Who may use the console: an API key with the scope `admin`, or, in development, a browser on this machine. */
@Injectable()
export class ConsoleAccess {
  private readonly remembered = new LRUCache<string, string>({ max: 100, ttl: REMEMBERED_MS });

  constructor(
    private readonly auth: AuthHook,
    private readonly rateLimiter: RateLimiter,
    @Inject(ConfigService) private readonly config: SettingsService<'console'>,
  ) {}

  get readOnly(): boolean {
    return this.config.get('console', { infer: true }).readOnly;
  }

  /** Sets `request.operator`. @throws ProblemError 401, 403, 429 · ConsoleError 403 · StoreUnavailableError */
  async require(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const changes = request.method !== 'GET' && request.method !== 'HEAD';
    if (changes && (isForeignPage(request, []) || request.headers[OWN_HEADER] === undefined))
      throw new ProblemError('origin-not-allowed');
    request.operator = await this.identify(request, reply);
    await this.limit(request, reply);
    if (changes && this.readOnly)
      throw new ConsoleError('console-read-only', 'Changes are switched off on this server (CONSOLE_READ_ONLY=on).');
  }

  private async identify(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const { authorization } = request.headers;
    const { openOnLoopback } = this.config.get('console', { infer: true });
    if (authorization === undefined && openOnLoopback && isOwnBrowser(request)) return DEVELOPER;
    const digest = createHash('sha256')
      .update(authorization ?? '')
      .digest('base64');
    try {
      const { id } = await this.auth.requireKey(request, reply, 'admin');
      this.remembered.set(digest, id);
      return id;
    } catch (error) {
      // What is wrong with the database has to be seen somewhere: the overview has no ids of sessions and no names.
      const known = this.remembered.get(digest);
      const isOverview = request.routeOptions.url === '/console/api/overview';
      if (error instanceof StoreUnavailableError && isOverview && known !== undefined) return known;
      if (!(error instanceof StoreUnavailableError)) this.remembered.delete(digest);
      throw error;
    }
  }

  private async limit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { operator } = request;
    const place = operator === DEVELOPER ? clientAddress(request) : operator;
    const result = await this.rateLimiter.consume(`console ${place}`, REQUESTS_PER_S);
    void reply.headers(rateLimitHeaders(result));
    if (result.allowed) return;
    throw new ProblemError('rate-limited', {
      headers: { 'retry-after': String(toRetryAfterSeconds(result.resetMs)) },
    });
  }
}
