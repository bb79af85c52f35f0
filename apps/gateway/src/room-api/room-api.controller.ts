import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAddress } from '../http/client-address.js';
import { whenClosed } from '../http/prefer-wait.js';
import { Operation } from '../openapi/responses.js';
import { ApiCreateRoomBody, ApiRoom, ApiRoomErrors } from './room-api.openapi.js';
import { ProblemError } from '../problems/problem.js';
import { givenName } from '../sessions/room-name.js';
import { SessionPresenter } from '../sessions/session.presenter.js';
import { createRoomBody, type CreateRoomBody, type RoomView } from './room-api.schemas.js';
import { anonymous, type RoomApiRoom, RoomApiService } from './room-api.service.js';

/** The contract of the vendor's demo server, for existing clients. */
@ApiTags('Drop-in rooms')
@Controller('room')
export class RoomApiController {
  constructor(
    private readonly rooms: RoomApiService,
    private readonly presenter: SessionPresenter,
  ) {}

  @Post('create')
  @HttpCode(200)
  @Operation(
    'createRoom',
    'Get or create a room',
    'Any number of concurrent calls get the same tokens. Off by default; takes no credential.',
  )
  @ApiCreateRoomBody()
  @ApiRoom()
  @ApiRoomErrors(
    'malformed',
    'admission-denied',
    'body-too-large',
    'unsupported-media-type',
    'rate-limited',
    'unavailable',
  )
  async create(
    @Body({ schema: createRoomBody }) body: CreateRoomBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RoomView> {
    const address = clientAddress(request);
    const visitor = { address, closed: () => whenClosed(reply) };
    return this.shown(await this.rooms.join(visitor, body), address, reply);
  }

  @Get(':name')
  @Operation('getRoom', 'Read a room', 'Never creates a room. Off by default; takes no credential.')
  @ApiParam({ name: 'name', schema: { type: 'string' } })
  @ApiRoom()
  @ApiRoomErrors('malformed', 'admission-denied', 'not-found', 'rate-limited', 'unavailable')
  async read(
    @Param('name', { schema: givenName.meta({ example: 'derby' }) }) name: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RoomView> {
    const address = clientAddress(request);
    const visitor = { address, closed: () => whenClosed(reply) };
    return this.shown(await this.rooms.read(visitor, name), address, reply);
  }

  /** All or nothing: these clients cannot use a room without tokens, but they retry. */
  private async shown({ name, session }: RoomApiRoom, address: string, reply: FastifyReply): Promise<RoomView> {
    const { tokens, expiresAt, metadata } = await this.presenter.shown(session, anonymous(address), reply);
    if (tokens?.stream === undefined || tokens.sync === undefined || expiresAt === null) {
      throw new ProblemError('unavailable');
    }
    return { name, wt_token: tokens.stream, sync_token: tokens.sync, exp: Date.parse(expiresAt), ...metadata };
  }
}
