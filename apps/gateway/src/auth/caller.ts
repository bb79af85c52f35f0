import type { Scope } from '@app/kernel';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** A customer's server (API key), a user (JWT of the identity provider), or an anonymous caller of the drop-in rooms. */
export type Principal =
  { kind: 'key'; id: string } | { kind: 'user'; issuer: string; subject: string } | { kind: 'anonymous' };

/** The authenticated caller and its rights. */
export interface Caller {
  /** `key:<id>` or `user:<issuer and subject>`. Stored in `created_by`; idempotency keys are scoped to it. */
  id: string;
  principal: Principal;
  scopes: ReadonlySet<Scope>;
  /** Requests per second; null for no limit. */
  ratePerS: number | null;
}

export function hasScope(caller: Caller, scope: Scope): boolean {
  return caller.scopes.has(scope) || caller.scopes.has('admin');
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
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (caller === null) throw new Error('this route has no scope in ROUTES');
  return caller;
});
