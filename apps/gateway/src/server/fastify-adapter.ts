import type { Socket } from 'node:net';
import type { GatewaySettings } from '@app/config';
import { newRequestId } from '@app/kernel';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, FastifyReply, FastifyRequest } from 'fastify';
import type { Server } from 'node:http';
import { requestPath } from '../routing/request-path.js';
import { renderFor } from '../problems/render-problem.js';
import { renderProblem, ProblemError } from '../problems/problem.js';
import { toProblem } from '../problems/to-problem.js';
import { corsUnparsed, crossOrigin } from './cors.js';
import { BARE_HEADERS } from './security-headers.js';

/** A request's body, in bytes. */
export const BODY_LIMIT = 64 * 1024;
/** All headers of a request together, in bytes. */
const HEADER_LIMIT = 16 * 1024;
/** A room name has at most 128 code points, up to 12 characters each when percent-encoded. */
const PARAMETER_LIMIT = 2048;
/** Time limits for a request's headers and for the whole request, in ms. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node checks for slow requests, in ms. */
const CHECK_CONNECTIONS_EVERY_MS = 2000;

/** The gateway's Fastify: bounded in size and time; its own rejections are problem documents. */
export function createFastifyAdapter({ http, roomApi }: Pick<GatewaySettings, 'http' | 'roomApi'>): FastifyAdapter {
  const cors = crossOrigin({ http, roomApi });
  const options: FastifyHttpOptions<Server> = {
    genReqId: newRequestId,
    requestIdHeader: false,
    bodyLimit: BODY_LIMIT,
    http: {
      maxHeaderSize: HEADER_LIMIT,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_CONNECTIONS_EVERY_MS,
    },
    routerOptions: { maxParamLength: PARAMETER_LIMIT },
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Above the idle time of common load balancers (60 s), so that they close first and never hit a closed connection.
    keepAliveTimeout: 75_000,
    return503OnClosing: false,
    // Counted from this server: the connection itself is hop 0. Addresses beyond the trusted hops can be forged.
    trustProxy: (_address, hop) => hop < http.trustedProxies,
    frameworkErrors: (error, request, reply) => {
      if (!cors(request, reply)) replyBeforeRouting(roomApi, error, request, reply);
    },
    clientErrorHandler: (error, socket) => {
      replyUnparsed(error, socket, corsUnparsed({ http, roomApi }, packetOf(error)));
    },
  };
  return new FastifyAdapter(options);
}

/** A path that cannot be decoded or is too long. No hook and no filter has run yet. */
function replyBeforeRouting(
  roomApi: GatewaySettings['roomApi'],
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { status, headers, document } = renderFor(roomApi, toProblem(error), requestPath(request.url), request.id);
  void reply
    .status(status)
    .headers({ ...BARE_HEADERS, 'cache-control': 'no-store', ...headers })
    .send(document);
}

/** What had arrived when Node gave up parsing, as far as it is known. */
function packetOf(error: unknown): Buffer | undefined {
  const { rawPacket } = error as { rawPacket?: unknown };
  return Buffer.isBuffer(rawPacket) ? rawPacket : undefined;
}

/** Input that is not HTTP: the reply is written to the socket directly. */
function replyUnparsed(error: NodeJS.ErrnoException, socket: Socket, cors: Record<string, string>): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = new ProblemError(
    error.code === 'HPE_HEADER_OVERFLOW'
      ? 'headers-too-large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? 'request-timeout'
        : 'malformed',
  );
  const { status, headers, document } = renderProblem(problem, '/', newRequestId());
  const body = JSON.stringify(document);
  const lines = Object.entries({
    ...BARE_HEADERS,
    ...cors,
    ...headers,
    'cache-control': 'no-store',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  });
  socket.end(`HTTP/1.1 ${String(status)} Error\r\n${lines.map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n${body}`);
}
