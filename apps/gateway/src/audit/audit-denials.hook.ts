import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditTrail } from './audit-trail.js';

/** `onResponse`: counts the denials of known callers, from the problem document that answered the request. */
export function auditDenials(trail: AuditTrail) {
  return (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    const { caller, problem, sessionId } = request;
    if (caller !== null && problem !== null) trail.denied(caller, problem.code, problem.details.sessionId ?? sessionId);
    done();
  };
}
