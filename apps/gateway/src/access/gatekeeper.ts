import { ConfigService, type SettingsService } from '@app/config';
import type { Scope } from '@app/kernel';
import { LOG, type Log } from '@app/observability';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../problems/problem.js';
import { ApiKeys } from './api-keys.js';
import { type Caller, may } from './caller.js';
import { challenge } from './challenge.js';
import { Persons } from './persons.js';
import { inSeconds, rateHeaders } from './rate-headers.js';
import { Rates } from './rates.js';
import { routeOf } from './routes.js';

/**
 * Decides who gets in, before a byte of the body is read: first 401, then 429 and 403, then everything else. It runs as
 * a hook and not as a Nest guard, since Fastify parses the body (400, 413, 415) before any guard.
 */
@Injectable()
export class Gatekeeper {
  private toldOfProxy = false;

  constructor(
    private readonly apiKeys: ApiKeys,
    private readonly persons: Persons,
    private readonly rates: Rates,
    @Inject(ConfigService) private readonly config: SettingsService<'http'>,
    @Inject(LOG) private readonly log: Log,
  ) {}

  async admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const route = routeOf(request.method, request.routeOptions.url);
    if (route === undefined || route.scope === null) return;
    const caller = await this.identify(request);
    // Before what they may: the audit trail says who was refused.
    request.caller = caller;
    await this.charge(caller, reply);
    if (!may(caller, route.scope)) {
      throw new Problem('insufficient-scope', {
        detail: `The credential lacks the scope ${route.scope}`,
        headers: challenge({ error: 'insufficient_scope', scope: route.scope }),
      });
    }
  }

  /** Whether a credential that was let in before would still be. @throws StoreUnavailable when nobody knows */
  async mayStill(authorization: string | undefined, scope: Scope): Promise<boolean> {
    const credential = credentialIn(authorization);
    const caller = credential === undefined ? null : await this.storeOf(credential).authenticate(credential);
    return caller !== null && may(caller, scope);
  }

  private async identify({ headers, ip }: FastifyRequest): Promise<Caller> {
    if (headers.authorization === undefined) throw new Problem('unauthenticated');
    const credential = credentialIn(headers.authorization);
    const caller = credential === undefined ? null : await this.authenticate(credential, ip);
    if (caller !== null) return caller;
    await this.rates.failed(ip);
    if (headers['x-forwarded-for'] !== undefined) this.tellOfProxy();
    throw new Problem('unauthenticated', { headers: challenge({ error: 'invalid_token' }) });
  }

  /** An address that guesses is not worth a look at the database, or a signature; whoever is known goes on. */
  private async authenticate(credential: string, address: string): Promise<Caller | null> {
    const store = this.storeOf(credential);
    const blockedForMs = this.rates.blockedForMs(address);
    if (blockedForMs > 0 && !store.remembers(credential)) {
      throw new Problem('rate-limited', {
        detail: 'Too many wrong credentials came from this address',
        headers: { 'retry-after': String(inSeconds(blockedForMs)) },
      });
    }
    return store.authenticate(credential);
  }

  /** Once: behind a proxy that is not trusted all clients have one address, and one of them can spend it for all. */
  private tellOfProxy(): void {
    if (this.toldOfProxy || this.config.get('http', { infer: true }).trustedProxies > 0) return;
    this.toldOfProxy = true;
    this.log.warn('requests come through a proxy, but TRUST_PROXY is off: all clients count as one address');
  }

  private async charge(caller: Caller, reply: FastifyReply): Promise<void> {
    if (caller.ratePerS === null) return;
    const allowance = await this.rates.take(caller.id, caller.ratePerS);
    void reply.headers(rateHeaders(allowance));
    if (!allowance.granted) {
      throw new Problem('rate-limited', { headers: { 'retry-after': String(inSeconds(allowance.resetMs)) } });
    }
  }

  /** An API key says by its form that it is one; anything else can only be a JWT. */
  private storeOf(credential: string): ApiKeys | Persons {
    return credential.startsWith('wtk_') ? this.apiKeys : this.persons;
  }
}

function credentialIn(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}
