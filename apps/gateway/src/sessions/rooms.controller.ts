import { Controller, Get, Param, Put, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Caller, callerOf, CurrentCaller } from '../auth/caller.js';
import { ApiProblems, Operation } from '../openapi/responses.js';
import { ADMISSION_PROBLEMS } from '../admission/admission.openapi.js';
import { ApiOpenSessionBody, ApiPrefer, ApiSession, Room } from './session.openapi.js';
import { PreferredWait, type WaitPreference, waitPreference } from '../http/prefer-wait.js';
import { valid } from '../http/valid.js';
import { roomName } from './room-name.js';
import { SessionPresenter } from './session.presenter.js';
import { optionalOpenSessionBody, type SessionView } from './session.schemas.js';
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
  @ApiPrefer()
  @Room()
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
  // At kick-off all there is: parameters and body are read here, since Nest passes each of them through a chain of promises.
  async open(
    @Req() request: FastifyRequest<{ Params: { room: string } }>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    const caller = callerOf(request);
    const preference = waitPreference(request, reply);
    const room = valid(roomName, request.params.room, { type: 'param', data: 'room' });
    const body = valid(optionalOpenSessionBody, request.body, { type: 'body' });
    const opened = await this.service.openRoom(caller, room, body, preference);
    return this.presenter.opened(opened, caller, reply);
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
