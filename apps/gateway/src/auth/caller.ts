import type { Scope } from '@app/kernel';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** A server of the customer's, a person with a JWT of the customer's identity provider, or whoever knows a room's name. */
export type Principal =
  { kind: 'key'; id: string } | { kind: 'user'; issuer: string; subject: string } | { kind: 'anonymous' };

/** Who asks, and what they may. */
export interface Caller {
  /** `key:<id>` or `user:<issuer and subject>`. Written to `created_by`; idempotency keys belong to it. */
  id: string;
  principal: Principal;
  scopes: ReadonlySet<Scope>;
  /** Requests that it may send in a second; null: as many as it likes. */
  ratePerS: number | null;
}

export function hasScope(caller: Caller, scope: Scope): boolean {
  return caller.scopes.has(scope) || caller.scopes.has('admin');
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before a route with a scope is entered. */
    caller: Caller | null;
    /** The session that this request was about, for the log. */
    sessionId: string | null;
  }
}

/** The authenticated caller, in a controller. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (caller === null) throw new Error('the route has no scope in ROUTES');
  return caller;
});
