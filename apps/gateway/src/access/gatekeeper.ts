import type { Scope } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problems/problem.js';
import { ApiKeys } from './api-keys.js';
import { type Caller, may } from './caller.js';
import { routeOf } from './routes.js';

/**
 * Decides who gets in, before a byte of the body is read: first 401, then 403, then everything else. It runs as a hook
 * and not as a Nest guard, since Fastify parses the body (400, 413, 415) before any guard.
 */
@Injectable()
export class Gatekeeper {
  constructor(private readonly apiKeys: ApiKeys) {}

  async admit(request: FastifyRequest): Promise<void> {
    const route = routeOf(request.method, request.routeOptions.url);
    if (route === undefined || route.scope === null) return;
    const caller = await this.identify(request.headers.authorization);
    if (caller === null) throw new Problem('unauthenticated');
    if (!may(caller, route.scope)) {
      throw new Problem('insufficient-scope', { detail: `The credential lacks the scope ${route.scope}` });
    }
    request.caller = caller;
  }

  /** Whether a credential that was let in before would still be. @throws StoreUnavailable when nobody knows */
  async mayStill(authorization: string | undefined, scope: Scope): Promise<boolean> {
    const caller = await this.identify(authorization);
    return caller !== null && may(caller, scope);
  }

  private async identify(authorization: string | undefined): Promise<Caller | null> {
    const [, credential] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    return credential === undefined ? null : this.apiKeys.authenticate(credential);
  }
}
