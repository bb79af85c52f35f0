import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Operation } from '../docs/answers.js';
import { ApiCreation, ApiOpenRoom, ApiRoomErrors } from '../docs/open-rooms.js';
import { Problem } from '../problems/problem.js';
import { givenName } from '../sessions/room-name.js';
import { SessionPresenter } from '../sessions/session.presenter.js';
import { creation, type Creation, type OpenRoomView } from './open-room.schemas.js';
import { ANYBODY, type OpenRoom, OpenRooms } from './open-rooms.js';

/** The contract of the vendor's demo server, for clients that already speak it. */
@ApiTags('Drop-in rooms')
@Controller('room')
export class OpenRoomsController {
  constructor(
    private readonly rooms: OpenRooms,
    private readonly presenter: SessionPresenter,
  ) {}

  @Post('create')
  @HttpCode(200)
  @Operation(
    'createOpenRoom',
    'Get or make a room',
    'However many call at once, all get the same tokens. Off by default; asks for no credential.',
  )
  @ApiCreation()
  @ApiOpenRoom()
  @ApiRoomErrors(
    'malformed',
    'admission-denied',
    'body-too-large',
    'unsupported-media-type',
    'rate-limited',
    'unavailable',
  )
  async create(
    @Body({ schema: creation }) body: Creation,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OpenRoomView> {
    return this.shown(await this.rooms.join(request.ip, body), reply);
  }

  @Get(':name')
  @Operation('readOpenRoom', 'Read a room', 'Nothing is made. Off by default; asks for no credential.')
  @ApiParam({ name: 'name', schema: { type: 'string' }, example: 'derby' })
  @ApiOpenRoom()
  @ApiRoomErrors('malformed', 'admission-denied', 'not-found', 'rate-limited', 'unavailable')
  async read(
    @Param('name', { schema: givenName }) name: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OpenRoomView> {
    return this.shown(await this.rooms.read(request.ip, name), reply);
  }

  /** All or nothing: such a client cannot do anything with a room that has no tokens, but it can ask again. */
  private async shown({ name, session }: OpenRoom, reply: FastifyReply): Promise<OpenRoomView> {
    const { tokens, expiresAt, metadata } = await this.presenter.shown(session, ANYBODY, reply);
    if (tokens?.stream === undefined || tokens.sync === undefined || expiresAt === null) {
      throw new Problem('unavailable');
    }
    return { name, wt_token: tokens.stream, sync_token: tokens.sync, exp: Date.parse(expiresAt), ...metadata };
  }
}
