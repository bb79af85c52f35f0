import { Body, Controller, Get, Param, Put, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ApiProblems, Operation } from '../openapi/responses.js';
import { ADMISSION_PROBLEMS } from '../admission/admission.openapi.js';
import { ApiOpenSessionBody, ApiPrefer, ApiSession, Room } from './session.openapi.js';
import { type WaitPreference, PreferredWait } from '../http/prefer-wait.js';
import { roomName } from './room-name.js';
import { SessionPresenter } from './session.presenter.js';
import { type OpenSessionBody, optionalOpenSessionBody, type SessionView } from './session.schemas.js';
import { SessionsService } from './sessions.service.js';

@ApiTags('Rooms')
@Controller('v1/rooms/:room/session')
export class RoomsController {
  constructor(
    private readonly service: SessionsService,
    private readonly presenter: SessionPresenter,
  ) {}

  @Put()
  @Operation(
    'openRoom',
    'Open a room',
    'Gets or creates the room’s live session. Any number of concurrent calls get the same session and the same token.',
  )
  @Room()
  @ApiPrefer()
  @ApiOpenSessionBody()
  @ApiSession(201, 'This call created the session and it is ready', 'ready')
  @ApiSession(200, 'The session existed, or it failed: see the body', 'ready', 'failed')
  @ApiSession(202, 'The session is pending', 'pending')
  @ApiProblems(
    'malformed',
    'products-differ',
    ...ADMISSION_PROBLEMS,
    'body-too-large',
    'unsupported-media-type',
    'validation-failed',
    'unavailable',
    'overloaded',
  )
  async open(
    @CurrentCaller() caller: Caller,
    @Param('room', { schema: roomName }) room: string,
    @PreferredWait() preference: WaitPreference,
    @Body({ schema: optionalOpenSessionBody }) body: OpenSessionBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return this.presenter.opened(await this.service.openRoom(caller, room, body, preference), caller, reply);
  }

  @Get()
  @Operation('readRoom', 'Read a room', 'Gets the room’s live session; never creates one.')
  @Room()
  @ApiPrefer()
  @ApiSession(200, 'The current session', 'ready', 'pending', 'failed')
  @ApiProblems('malformed', 'not-found', 'validation-failed', ...ADMISSION_PROBLEMS, 'unavailable')
  async read(
    @CurrentCaller() caller: Caller,
    @Param('room', { schema: roomName }) room: string,
    @PreferredWait() preference: WaitPreference,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return this.presenter.shown(await this.service.readRoom(caller, room, preference), caller, reply);
  }
}
