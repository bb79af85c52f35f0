import type { SessionRecord } from '@app/entities';
import { FAILURES, isSettled, PRODUCTS } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import '../audit/audit-replies.hook.js';
import type { Caller } from '../auth/caller.js';
import { SessionTokens, type Tokens } from '../tokens/session-tokens.js';
import type { SessionView } from './session.schemas.js';

/** The service's result: a session and how it came about. */
export interface SessionResult {
  session: SessionRecord;
  /** This call created the session. */
  created: boolean;
  /** The session was created by an earlier request with the same Idempotency-Key. */
  replayed?: boolean;
}

const ASK_AGAIN_AFTER_S = '1';

/** Turns a session into a reply. */
@Injectable()
export class SessionPresenter {
  constructor(private readonly tokens: SessionTokens) {}

  /** 201: created by this call and ready · 200: settled otherwise · 202: pending. */
  async opened(
    { session, created: made, replayed = false }: SessionResult,
    caller: Caller,
    reply: FastifyReply,
  ): Promise<SessionView> {
    // First: callers who are not admitted learn nothing about the session.
    const view = await this.shown(session, caller, reply);
    const pending = !isSettled(session.status);
    if (replayed) void reply.header('Idempotency-Replayed', 'true');
    void reply
      .status(pending ? 202 : made && session.status === 'ready' ? 201 : 200)
      .header('Location', `/v1/sessions/${session.id}`);
    return view;
  }

  /** @throws ProblemError 403 · AdmissionUnavailableError, for replies with tokens */
  async shown(session: SessionRecord, caller: Caller, reply: FastifyReply): Promise<SessionView> {
    reply.request.sessionId = session.id;
    if (!isSettled(session.status)) void reply.header('Retry-After', ASK_AGAIN_AFTER_S);
    const tokens = await this.tokens.read(session, caller);
    // HEAD replies leave without their body.
    if (tokens !== undefined && reply.request.method !== 'HEAD') {
      const { id, room, expiresAt } = session;
      reply.request.disclosure = { caller, sessionId: id, ...(expiresAt !== null && { session: { room, expiresAt } }) };
    }
    return this.view(session, tokens);
  }

  /** Without tokens, for every caller. */
  listed(sessions: readonly SessionRecord[]): SessionView[] {
    return sessions.map((session) => this.withoutTokens(session));
  }

  withoutTokens(session: SessionRecord): SessionView {
    return this.view(session);
  }

  private view(session: SessionRecord, tokens?: Tokens): SessionView {
    const { failureCode, successor } = session;
    return {
      id: session.id,
      room: session.room,
      generation: session.generation,
      status: session.status,
      version: session.version,
      products: PRODUCTS.filter((product) => session.products.includes(product)),
      ...(tokens !== undefined && { tokens }),
      metadata: session.metadata,
      createdAt: session.createdAt.toISOString(),
      readyAt: session.readyAt?.toISOString() ?? null,
      expiresAt: session.expiresAt?.toISOString() ?? null,
      failure: failureCode === null ? null : { code: failureCode, ...FAILURES[failureCode] },
      ...(successor !== undefined && { successor }),
    };
  }
}
