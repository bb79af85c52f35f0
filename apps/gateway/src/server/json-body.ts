import type { FastifyInstance } from 'fastify';
import { ProblemError } from '../problems/problem.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * JSON is the only media type accepted. Fastify's own parser rejects valid JSON with a key `__proto__`, and empty bodies,
 * which many clients send with PUT and DELETE. Here an empty body is no body, and the schema decides about keys.
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
