import { Body, Controller, Delete, Get, HttpCode, Param, Put, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ADMISSION_PROBLEMS } from '../admission/admission.openapi.js';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { PreferredWait, type WaitPreference } from '../http/prefer-wait.js';
import { ApiProblems, Operation } from '../openapi/responses.js';
import { ApiPrefer } from '../sessions/session.openapi.js';
import { givenSubject } from './chat-subject.js';
import { ApiChatToken, ApiChatTokenBody, Subject } from './chat-token.openapi.js';
import { ChatTokenPresenter } from './chat-token.presenter.js';
import { type ChatTokenView, optionalChatTokenBody } from './chat-token.schemas.js';
import { ChatTokensService } from './chat-tokens.service.js';

@ApiTags('Chat')
@Controller('v1/chat-tokens/:subject')
export class ChatTokensController {
  constructor(
    private readonly service: ChatTokensService,
    private readonly presenter: ChatTokenPresenter,
  ) {}

  @Put()
  @Operation(
    'openChatToken',
    'Get a chat token',
    'Gets or creates the user’s token of the public chat. Until it expires, every call gets the same token.',
  )
  @Subject()
  @ApiPrefer()
  @ApiChatTokenBody()
  @ApiChatToken(201, 'This call created the token and it is ready', 'ready')
  @ApiChatToken(200, 'The token existed, or it failed: see the body', 'ready', 'failed')
  @ApiChatToken(202, 'The token is pending', 'pending')
  @ApiProblems(
    'malformed',
    'not-found',
    ...ADMISSION_PROBLEMS,
    'body-too-large',
    'unsupported-media-type',
    'validation-failed',
    'unavailable',
    'overloaded',
  )
  async open(
    @CurrentCaller() caller: Caller,
    @Param('subject', { schema: givenSubject }) subject: string,
    @PreferredWait() preference: WaitPreference,
    // Validated, though it says nothing: a field that has no effect is refused.
    @Body({ schema: optionalChatTokenBody }) _body: object,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChatTokenView> {
    return this.presenter.opened(await this.service.open(caller, subject, preference), subject, caller, reply);
  }

  @Get()
  @Operation('readChatToken', 'Read a chat token', 'Gets the user’s live chat token; never creates one.')
  @Subject()
  @ApiPrefer()
  @ApiChatToken(200, 'The current chat token', 'ready', 'pending', 'failed')
  @ApiProblems('malformed', 'not-found', 'validation-failed', ...ADMISSION_PROBLEMS, 'unavailable')
  async read(
    @CurrentCaller() caller: Caller,
    @Param('subject', { schema: givenSubject }) subject: string,
    @PreferredWait() preference: WaitPreference,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ChatTokenView> {
    return this.presenter.shown(await this.service.read(caller, subject, preference), caller, reply);
  }

  @Delete()
  @HttpCode(204)
  @Operation(
    'closeChatToken',
    'End a chat token',
    'Erases the user’s chat token here, if there is one: it is never shown again, and the next call that gets a token ' +
      'creates another. A client that has it stays in the chat.',
  )
  @Subject()
  @ApiResponse({ status: 204, description: 'The user has no chat token' })
  @ApiProblems(
    'malformed',
    'not-found',
    'validation-failed',
    ...ADMISSION_PROBLEMS,
    'body-too-large',
    'unsupported-media-type',
    'unavailable',
  )
  async close(
    @CurrentCaller() caller: Caller,
    @Param('subject', { schema: givenSubject }) subject: string,
  ): Promise<void> {
    await this.service.close(caller, subject);
  }
}
