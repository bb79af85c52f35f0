import { SESSION_STATUSES } from '@app/kernel';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentCaller, type Caller } from '../auth/caller.js';
import { ApiProblems, Operation } from '../openapi/responses.js';
import { ADMISSION_PROBLEMS } from '../admission/admission.openapi.js';
import { ApiOpenSessionBody, ApiPage, ApiPrefer, ApiSession, TokenId } from './session.openapi.js';
import { IdempotencyKeyOf } from '../http/idempotency-key.js';
import { type ListSessionsQuery, listSessionsQuery } from './list-sessions.query.js';
import { type WaitPreference, PreferredWait } from '../http/prefer-wait.js';
import {
  type OpenSessionBody,
  optionalOpenSessionBody,
  type SessionPage,
  type SessionView,
} from './session.schemas.js';
import { SessionPresenter } from './session.presenter.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Sessions')
@Controller('v1/sessions')
export class SessionsController {
  constructor(
    private readonly service: SessionsService,
    private readonly presenter: SessionPresenter,
  ) {}

  @Post()
  @Operation(
    'createSession',
    'Create a session',
    'Creates a session without a room. Repeating a request with the same `Idempotency-Key` returns the first session.',
  )
  @ApiPrefer()
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      '1 to 255 printable ASCII characters. For 24 hours the same key from the same caller means the same session.',
    schema: { type: 'string' },
  })
  @ApiOpenSessionBody()
  @ApiSession(201, 'This call created the session and it is ready', 'ready')
  @ApiSession(200, 'A repeated request: the session is settled', 'ready', 'failed')
  @ApiSession(202, 'The session is pending', 'pending')
  @ApiProblems(
    'malformed',
    'body-too-large',
    'unsupported-media-type',
    'validation-failed',
    'idempotency-key-reused',
    ...ADMISSION_PROBLEMS,
    'unavailable',
    'overloaded',
  )
  async create(
    @CurrentCaller() caller: Caller,
    @IdempotencyKeyOf() key: string | undefined,
    @PreferredWait() preference: WaitPreference,
    @Body({ schema: optionalOpenSessionBody }) body: OpenSessionBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return this.presenter.opened(await this.service.create(caller, body, key, preference), caller, reply);
  }

  @Get()
  @Operation('listSessions', 'List sessions', 'Newest first, never with tokens.')
  @ApiQuery({ name: 'status', required: false, schema: { type: 'string', enum: [...SESSION_STATUSES] } })
  @ApiQuery({ name: 'room', required: false, schema: { type: 'string' } })
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } })
  @ApiQuery({
    name: 'cursor',
    required: false,
    description: '`nextCursor` of the previous page',
    schema: { type: 'string' },
  })
  @ApiPage()
  @ApiProblems('malformed', 'validation-failed', 'unavailable')
  async list(@Query({ schema: listSessionsQuery }) query: ListSessionsQuery): Promise<SessionPage> {
    const { sessions, nextCursor } = await this.service.list(query);
    return { items: this.presenter.listed(sessions), nextCursor };
  }

  @Get(':tokenId')
  @Operation(
    'readSession',
    'Read a session',
    'For every client that was given a TokenID: all of them get the same token.',
  )
  @TokenId()
  @ApiPrefer()
  @ApiSession(200, 'The current session', 'ready', 'pending', 'failed')
  @ApiProblems('malformed', 'not-found', 'session-closed', 'session-expired', ...ADMISSION_PROBLEMS, 'unavailable')
  async read(
    @CurrentCaller() caller: Caller,
    @Param('tokenId') tokenId: string,
    @PreferredWait() preference: WaitPreference,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return this.presenter.shown(await this.service.read(caller, tokenId, preference), caller, reply);
  }

  @Post(':tokenId/retry')
  @HttpCode(202)
  @Operation(
    'retrySession',
    'Retry a session',
    'Puts a failed session back to pending with a new deadline. Pending and ready sessions are left unchanged.',
  )
  @TokenId()
  @ApiSession(202, 'The session is pending', 'pending')
  @ApiSession(200, 'The session is ready', 'ready')
  @ApiProblems(
    'malformed',
    'not-found',
    'session-closed',
    'session-expired',
    'rate-limited',
    ...ADMISSION_PROBLEMS,
    'body-too-large',
    'unsupported-media-type',
    'unavailable',
  )
  async retry(
    @CurrentCaller() caller: Caller,
    @Param('tokenId') tokenId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return this.presenter.opened({ session: await this.service.retry(caller, tokenId), created: false }, caller, reply);
  }

  @Delete(':tokenId')
  @HttpCode(204)
  @Operation(
    'closeSession',
    'Close a session',
    'Permanent: its tokens are erased and never shown again. Closing again changes nothing.',
  )
  @TokenId()
  @ApiResponse({ status: 204, description: 'The session is closed' })
  @ApiProblems(
    'malformed',
    'not-found',
    ...ADMISSION_PROBLEMS,
    'body-too-large',
    'unsupported-media-type',
    'unavailable',
  )
  async close(@CurrentCaller() caller: Caller, @Param('tokenId') tokenId: string): Promise<void> {
    await this.service.close(caller, tokenId);
  }
}
