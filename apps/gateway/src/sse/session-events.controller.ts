import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ApiProblems, Operation } from '../openapi/responses.js';
import { ApiEvents, ApiLastEventId } from './sse.openapi.js';
import { TokenId } from '../sessions/session.openapi.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { SSE_HEADERS, SseHub } from './sse-hub.js';

@ApiTags('Sessions')
@Controller('v1/sessions/:tokenId/events')
export class SessionEventsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly streams: SseHub,
  ) {}

  @Get()
  @Operation(
    'streamSession',
    'Follow a session',
    'Server-sent events of type `session`: the id is the session’s version, the data is the session without tokens. ' +
      'The current state is sent immediately unless `Last-Event-ID` equals its version; intermediate states may be skipped. ' +
      'Events of type `seats` have no id: `{participants, viewers}`, the seats that are held, after each change. ' +
      'An event of type `expiring`, with the same data, follows once the session will expire soon (`EXPIRY_NOTICE_S`): open its room again in time. ' +
      'The stream ends after `closed` or `expired`, when the credential ends, and at server shutdown: then reconnect. ' +
      'Read it with `fetch`: `EventSource` cannot send a credential.',
  )
  @TokenId()
  @ApiLastEventId()
  @ApiEvents()
  @ApiProblems('malformed', 'not-found', 'session-closed', 'session-expired', 'unavailable', 'overloaded', 'draining')
  async follow(
    @CurrentCaller() caller: Caller,
    @Param('tokenId') tokenId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const session = await this.sessions.read(caller, tokenId, { since: performance.now(), waitS: null });
    request.sessionId = session.id;
    if (request.method === 'HEAD') void reply.headers(SSE_HEADERS).send();
    else {
      // The read may have taken its time.
      await caller.revalidate();
      this.streams.open(session, caller, reply);
    }
  }
}
