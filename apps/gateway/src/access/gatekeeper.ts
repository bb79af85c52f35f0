import type { Scope } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problems/problem.js';
import { ApiKeys } from './api-keys.js';
import { type Caller, may } from './caller.js';
import { challenge } from './challenge.js';
import { Persons } from './persons.js';
import { routeOf } from './routes.js';

/**
 * Decides who gets in, before a byte of the body is read: first 401, then 403, then everything else. It runs as a hook
 * and not as a Nest guard, since Fastify parses the body (400, 413, 415) before any guard.
 */
@Injectable()
export class Gatekeeper {
  constructor(
    private readonly apiKeys: ApiKeys,
    private readonly persons: Persons,
  ) {}

  async admit(request: FastifyRequest): Promise<void> {
    const route = routeOf(request.method, request.routeOptions.url);
    if (route === undefined || route.scope === null) return;
    const { authorization } = request.headers;
    const caller = await this.identify(authorization);
    if (caller === null) {
      throw new Problem('unauthenticated', {
        headers: challenge(authorization === undefined ? {} : { error: 'invalid_token' }),
      });
    }
    // Before the scope: the audit trail says who was refused.
    request.caller = caller;
    if (!may(caller, route.scope)) {
      throw new Problem('insufficient-scope', {
        detail: `The credential lacks the scope ${route.scope}`,
        headers: challenge({ error: 'insufficient_scope', scope: route.scope }),
      });
    }
  }

  /** Whether a credential that was let in before would still be. @throws StoreUnavailable when nobody knows */
  async mayStill(authorization: string | undefined, scope: Scope): Promise<boolean> {
    const caller = await this.identify(authorization);
    return caller !== null && may(caller, scope);
  }

  /** An API key says by its form that it is one; anything else can only be a JWT. */
  private async identify(authorization: string | undefined): Promise<Caller | null> {
    const [, credential] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    if (credential === undefined) return null;
    return credential.startsWith('wtk_')
      ? this.apiKeys.authenticate(credential)
      : this.persons.authenticate(credential);
  }
}
