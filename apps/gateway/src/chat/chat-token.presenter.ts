import type { SessionRecord } from '@app/entities';
import { FAILURES, isSettled } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import '../audit/audit-replies.hook.js';
import type { Caller } from '../auth/caller.js';
import { SessionTokens } from '../tokens/session-tokens.js';
import type { ChatTokenView } from './chat-token.schemas.js';

const ASK_AGAIN_AFTER_S = '1';

/** Turns a chat token into a reply. Its id is for the log and the audit trail only. */
@Injectable()
export class ChatTokenPresenter {
  constructor(private readonly tokens: SessionTokens) {}

  /** 201: created by this call and ready · 200: settled otherwise · 202: pending. `given` is the subject in the path. */
  async opened(
    { token, created }: { token: SessionRecord; created: boolean },
    given: string,
    caller: Caller,
    reply: FastifyReply,
  ): Promise<ChatTokenView> {
    // First: callers who are not admitted learn nothing about the token.
    const view = await this.shown(token, caller, reply);
    void reply
      .status(!isSettled(token.status) ? 202 : created && token.status === 'ready' ? 201 : 200)
      .header('Location', `/v1/chat-tokens/${encodeURIComponent(given)}`);
    return view;
  }

  /** @throws ProblemError 403 · AdmissionUnavailableError, for replies with the token */
  async shown(record: SessionRecord, caller: Caller, reply: FastifyReply): Promise<ChatTokenView> {
    const { id, chatSubject, status, expiresAt, failureCode } = record;
    if (chatSubject === null) throw new Error('a session is no chat token');
    reply.request.sessionId = id;
    if (!isSettled(status)) void reply.header('Retry-After', ASK_AGAIN_AFTER_S);
    const token = await this.tokens.readChatToken(record, caller);
    // HEAD replies leave without their body.
    if (token !== undefined && reply.request.method !== 'HEAD') reply.request.disclosure = { caller, sessionId: id };
    return {
      subject: chatSubject,
      status,
      ...(token !== undefined && { token }),
      expiresAt: expiresAt?.toISOString() ?? null,
      failure: failureCode === null ? null : { code: failureCode, ...FAILURES[failureCode] },
    };
  }
}
