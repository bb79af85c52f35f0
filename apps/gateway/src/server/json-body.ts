import type { FastifyInstance } from 'fastify';
import { ProblemError } from '../problems/problem.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * JSON is the only body there is. Fastify's own parser refuses valid JSON with a key `__proto__` and empty bodies, which
 * many clients send with PUT and DELETE; here an empty body is no body, and keys are the schema's business.
 */
export function parseJsonBodies(server: FastifyInstance): void {
  server.removeContentTypeParser(['text/plain', 'application/json']);
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body: Buffer, done) => {
    try {
      const text = utf8.decode(body);
      done(null, text.trim() === '' ? undefined : JSON.parse(text));
    } catch {
      done(new ProblemError('malformed', { detail: 'The body is not JSON' }), undefined);
    }
  });
}
