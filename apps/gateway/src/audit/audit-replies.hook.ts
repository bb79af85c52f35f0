import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../auth/caller.js';
import type { AuditTrail } from './audit-trail.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when the reply carries the tokens of a session. */
    disclosure: { caller: Identity; sessionId: string; session?: { room: string | null; expiresAt: Date } } | null;
  }
}

/**
 * `onResponse`: counts reads of tokens and denials of known callers. Tokens count once they were written to a living
 * socket: a client that hung up before has received none.
 */
export function auditReplies(trail: AuditTrail) {
  return (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    const { caller, disclosure, problem, sessionId } = request;
    if (disclosure !== null && !request.raw.socket.destroyed) trail.tokensRead(disclosure.caller, disclosure.sessionId);
    if (caller !== null && problem !== null) trail.denied(caller, problem.code, problem.details.sessionId ?? sessionId);
    done();
  };
}
