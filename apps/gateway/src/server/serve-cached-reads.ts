import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { tracing } from '@app/tracing';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CachedReads } from '../cached-reads/cached-reads.js';
import type { RequestLog } from './request-log.js';

/** Asked for by load balancers every second or so. */
const UNTRACED: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz']);

/** Offers each request to the cached reads first, and shows them the replies of the framework. */
export function serveCachedReads(server: FastifyInstance, reads: CachedReads, log: RequestLog): void {
  const [framework] = server.server.listeners('request') as RequestListener[];
  if (framework === undefined) throw new Error('the framework does not listen for requests');
  server.server.removeAllListeners('request');
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const start = performance.now();
    const served = reads.serve(request, response);
    if (served === null) framework(request, response);
    else log.recordCachedRead(request, served, performance.now() - start);
  };
  server.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const traces = tracing();
    if (traces === null || UNTRACED.has(request.url)) handle(request, response);
    else
      traces.serve(request, response, () => {
        handle(request, response);
      });
  });
  server.addHook('onSend', (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: () => void) => {
    reads.afterRead(request, reply, payload);
    done();
  });
}
