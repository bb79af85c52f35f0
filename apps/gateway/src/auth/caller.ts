import type { Scope } from '@app/kernel';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { TicketClaims } from './ticket-signer.js';

/**
 * A customer's server (API key), a user (JWT of the identity provider), the holder of a ticket, or an anonymous caller of
 * the drop-in rooms.
 */
export type Principal =
  | { kind: 'key'; id: string }
  | { kind: 'user'; issuer: string; subject: string }
  | TicketPrincipal
  | { kind: 'anonymous' };

/** The holder of a ticket: the person whom an API key (`issuer`, its id) has named, and what the ticket is for. */
export type TicketPrincipal = { kind: 'ticket' } & Pick<TicketClaims, 'issuer' | 'subject' | 'name' | 'place'>;

/** What a credential says about its bearer. */
export interface Identity {
  /**
   * `key:<id>`, `user:<issuer and subject>` or `ticket:<issuer and subject>`. Stored in `created_by`; idempotency keys are
   * scoped to it.
   */
  readonly id: string;
  /** Where its requests and its share of limited resources are counted: its id, its ticket, or an anonymous address. */
  readonly quotaKey: string;
  readonly principal: Principal;
  readonly scopes: ReadonlySet<Scope>;
  /** Requests per second; null for no limit. */
  readonly ratePerS: number | null;
}

/** The authenticated caller and its rights. */
export interface Caller extends Identity {
  /**
   * Checks the credential again, unless that was done just now. Called before anything acts or discloses: a credential
   * can end while its request is held, or while its body arrives.
   *
   * @throws ProblemError 401 when it has ended, 403 when it lost the route's scope · StoreUnavailableError
   */
  revalidate(): Promise<void>;
}

export function hasScope({ scopes }: Pick<Identity, 'scopes'>, scope: Scope): boolean {
  return scopes.has(scope) || scopes.has('admin');
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before a route with a scope runs. */
    caller: Caller | null;
    /** The session of this request, for the log. */
    sessionId: string | null;
  }
}

/** The authenticated caller, in a controller. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The same, outside a decorator. */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (caller === null) throw new Error('this route has no scope in ROUTES');
  return caller;
}
