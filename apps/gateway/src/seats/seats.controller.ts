import type { SeatRecord } from '@app/entities';
import { MAX_SEATS_PER_PERSON, SEAT_LEASE_S } from '@app/kernel';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ADMISSION_PROBLEMS } from '../admission/admission.openapi.js';
import '../audit/audit-replies.hook.js';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ApiProblems, Operation } from '../openapi/responses.js';
import { TokenId } from '../sessions/session.openapi.js';
import { ApiRenewedSeat, ApiSeatPage, ApiSeatQueries, ApiTakenSeat, ApiTakeSeatBody, SeatId } from './seat.openapi.js';
import {
  type HeldSeatView,
  type ListSeatsQuery,
  listSeatsQuery,
  type SeatPage,
  type SeatView,
  type TakeSeatBody,
  takeSeatBody,
} from './seat.schemas.js';
import { SeatsService } from './seats.service.js';

@ApiTags('Seats')
@Controller('v1/sessions/:tokenId/seats')
export class SeatsController {
  constructor(private readonly service: SeatsService) {}

  @Post()
  @Operation(
    'takeSeat',
    'Take a seat',
    'Reserves a name and a place in a ready session, and returns the session’s tokens. Advisory: it prevents the SDK’s errors ' +
      '104 (the name is in use) and 206 (too many participants) among callers that take seats. Renew the seat before its ' +
      'lease ends. A name that is taken is 409 with a free one as `suggestion`. A user, or the subject of tickets, can hold ' +
      `${String(MAX_SEATS_PER_PERSON)} seats of a session; further ones are 429.`,
  )
  @TokenId()
  @ApiTakeSeatBody()
  @ApiTakenSeat()
  @ApiProblems(
    'malformed',
    'not-found',
    'name-taken',
    'session-full',
    'session-not-ready',
    'session-closed',
    'session-expired',
    ...ADMISSION_PROBLEMS,
    'body-too-large',
    'unsupported-media-type',
    'validation-failed',
    'unavailable',
  )
  async take(
    @CurrentCaller() caller: Caller,
    @Param('tokenId') tokenId: string,
    @Body({ schema: takeSeatBody }) body: TakeSeatBody,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HeldSeatView> {
    const { seat, tokens } = await this.service.take(caller, tokenId, body);
    request.sessionId = tokenId;
    if (tokens !== undefined) request.disclosure = { caller, sessionId: tokenId };
    void reply.header('Location', `/v1/sessions/${tokenId}/seats/${seat.id}`);
    return { ...held(seat), ...(tokens !== undefined && { tokens }) };
  }

  @Get()
  @Operation('listSeats', 'List the seats', 'The seats that are held, by name.')
  @TokenId()
  @ApiSeatQueries()
  @ApiSeatPage()
  @ApiProblems('malformed', 'not-found', 'session-closed', 'session-expired', 'validation-failed', 'unavailable')
  async list(
    @CurrentCaller() caller: Caller,
    @Param('tokenId') tokenId: string,
    @Query({ schema: listSeatsQuery }) query: ListSeatsQuery,
    @Req() request: FastifyRequest,
  ): Promise<SeatPage> {
    const { seats, nextCursor } = await this.service.list(caller, tokenId, query);
    request.sessionId = tokenId;
    return { items: seats.map(view), nextCursor };
  }

  @Put(':seatId')
  @Operation(
    'renewSeat',
    'Renew a seat',
    'Only for the caller that took it. A seat whose lease has lapsed is 404: take a seat again.',
  )
  @TokenId()
  @SeatId()
  @ApiRenewedSeat()
  @ApiProblems(
    'malformed',
    'not-found',
    'session-not-ready',
    'session-closed',
    'session-expired',
    'body-too-large',
    'unsupported-media-type',
    'unavailable',
  )
  async renew(
    @CurrentCaller() caller: Caller,
    @Param('tokenId') tokenId: string,
    @Param('seatId') seatId: string,
    @Req() request: FastifyRequest,
  ): Promise<HeldSeatView> {
    const seat = await this.service.renew(caller, tokenId, seatId);
    request.sessionId = tokenId;
    return held(seat);
  }

  @Delete(':seatId')
  @HttpCode(204)
  @Operation(
    'freeSeat',
    'Leave a seat',
    'Only for the caller that took it; with `admin` for any seat. Freeing again changes nothing.',
  )
  @TokenId()
  @SeatId()
  @ApiResponse({ status: 204, description: 'The seat is free' })
  @ApiProblems('malformed', 'not-found', 'body-too-large', 'unsupported-media-type', 'unavailable')
  async free(
    @CurrentCaller() caller: Caller,
    @Param('tokenId') tokenId: string,
    @Param('seatId') seatId: string,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    await this.service.free(caller, tokenId, seatId);
    request.sessionId = tokenId;
  }
}

function view({ id, sessionId, name, role, takenAt, leaseUntil }: SeatRecord): SeatView {
  return {
    id,
    session: sessionId,
    name,
    role,
    takenAt: takenAt.toISOString(),
    leaseUntil: leaseUntil.toISOString(),
  };
}

function held(seat: SeatRecord): HeldSeatView {
  return { ...view(seat), leaseS: SEAT_LEASE_S };
}
