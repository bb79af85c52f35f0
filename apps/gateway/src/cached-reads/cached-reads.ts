import type { IncomingMessage, ServerResponse } from 'node:http';
import { newRequestId } from '@app/kernel';
import { Health } from '@app/observability';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Admission } from '../admission/admission.js';
import { AuditTrail } from '../audit/audit-trail.js';
import '../audit/audit-replies.hook.js';
import { hasScope, type Identity } from '../auth/caller.js';
import { ROUTES } from '../routing/routes.js';
import { CredentialCache } from './credential-cache.js';
import { type ReadMark, SessionReplyCache } from './session-reply-cache.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set while the reply to this request may be kept. */
    readMark: ReadMark | null;
  }
}

/** A read that was served from memory, for the log. */
export interface CachedRead {
  requestId: string;
  sessionId: string;
  caller: Identity;
}

const PREFIX = ROUTES.readSession.path.replace(':tokenId', '');
/** A request with one of these is answered by the framework: it may need another reply. */
const SPECIAL_HEADERS = [
  'origin',
  'sec-fetch-site',
  'prefer',
  'content-length',
  'transfer-encoding',
  'expect',
  'range',
] as const;

/**
 * Serves reads of ready sessions from memory, before the framework: no database, no cryptography but one hash, no
 * routing. What decides about a request is the same: its credential was accepted within the last second, has the scopes,
 * and no rate limit; admission allows it now; the read counts in the audit trail. Everything else takes the usual path,
 * whose reply is kept and repeated as it was sent.
 */
@Injectable()
export class CachedReads {
  private readonly credentials = new CredentialCache();

  constructor(
    private readonly replies: SessionReplyCache,
    private readonly admission: Admission,
    private readonly audit: AuditTrail,
    private readonly health: Health,
  ) {}

  /** Answers the request if it can; otherwise returns null and has done nothing. */
  serve(request: IncomingMessage, response: ServerResponse): CachedRead | null {
    const { method, url, headers } = request;
    if (method !== 'GET' || url?.startsWith(PREFIX) !== true) return null;
    const sessionId = url.slice(PREFIX.length);
    const reply = this.replies.find(sessionId);
    if (reply === undefined || headers.authorization === undefined || !isPlain(request)) return null;
    const caller = this.credentials.find(headers.authorization);
    if (caller === undefined || !mayRead(caller) || this.health.isDraining) return null;
    if (!this.admission.allowsNow({ caller, action: 'join', room: reply.room, session: sessionId })) return null;
    const requestId = newRequestId();
    response.writeHead(200, [...reply.headers, 'request-id', requestId]);
    response.end(reply.body, reply.encoding);
    this.audit.tokensRead(caller, sessionId);
    return { requestId, sessionId, caller };
  }

  /** After authentication, before the session is read. */
  beforeRead(request: FastifyRequest): void {
    const { caller, raw } = request;
    const { authorization } = raw.headers;
    if (request.method !== 'GET' || request.routeOptions.url !== ROUTES.readSession.path) return;
    if (caller === null || authorization === undefined || !mayRead(caller) || !isPlain(raw)) return;
    const { id, quotaKey, principal, scopes, ratePerS } = caller;
    this.credentials.keep(authorization, { id, quotaKey, principal, scopes, ratePerS });
    request.readMark = this.replies.beforeRead();
  }

  /** Before the reply is sent: keeps it, if it carries the tokens of a ready session. */
  afterRead({ readMark, disclosure, url }: FastifyRequest, reply: FastifyReply, payload: unknown): void {
    if (readMark === null || disclosure?.session === undefined || reply.statusCode !== 200) return;
    if (typeof payload !== 'string' || url !== `${PREFIX}${disclosure.sessionId}`) return;
    const { room, expiresAt } = disclosure.session;
    const bytes = Buffer.byteLength(payload);
    const headers = Object.entries({ ...reply.getHeaders(), 'content-length': String(bytes) });
    this.replies.keep(disclosure.sessionId, readMark, {
      headers: headers.flatMap(([name, value]) => (name === 'request-id' ? [] : [name, String(value)])),
      body: payload,
      encoding: bytes === payload.length ? 'latin1' : 'utf8',
      room,
      expiresAt: expiresAt.getTime(),
    });
  }
}

function isPlain({ headers }: IncomingMessage): boolean {
  return SPECIAL_HEADERS.every((name) => headers[name] === undefined);
}

/** Only API keys without a rate: users and tickets are counted, and a ticket is not for every session. */
function mayRead(caller: Identity): boolean {
  return (
    caller.principal.kind === 'key' &&
    caller.ratePerS === null &&
    hasScope(caller, 'sessions:read') &&
    hasScope(caller, 'tokens:read')
  );
}
