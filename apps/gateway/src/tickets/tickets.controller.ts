import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { ApiProblems, Operation } from '../openapi/responses.js';
import type { ProblemCode } from '../problems/problem-codes.js';
import { roomName } from '../sessions/room-name.js';
import { Room, TokenId } from '../sessions/session.openapi.js';
import { ApiTicket, ApiTicketBody } from './ticket.openapi.js';
import { roomTicketBody, sessionTicketBody, type TicketBody, type TicketView } from './ticket.schemas.js';
import { TicketsService } from './tickets.service.js';

const PROBLEMS: ProblemCode[] = [
  'malformed',
  'body-too-large',
  'unsupported-media-type',
  'validation-failed',
  'unavailable',
];

@ApiTags('Tickets')
@Controller('v1')
export class TicketsController {
  constructor(private readonly service: TicketsService) {}

  @Post('sessions/:tokenId/tickets')
  @Operation(
    'issueSessionTicket',
    'Issue a ticket for a session',
    'A ticket is a credential that a browser may hold: for this session only, for one person, for a short time. ' +
      'It is signed and not stored, and ends with its time, its session, or the API key that issued it.',
  )
  @TokenId()
  @ApiTicketBody(sessionTicketBody)
  @ApiTicket()
  @ApiProblems(...PROBLEMS, 'not-found', 'session-closed', 'session-expired')
  async forSession(
    @CurrentCaller() caller: Caller,
    @Param('tokenId') tokenId: string,
    @Body({ schema: sessionTicketBody }) body: TicketBody,
  ): Promise<TicketView> {
    return this.service.issueForSession(caller, tokenId, body);
  }

  @Post('rooms/:room/tickets')
  @Operation(
    'issueRoomTicket',
    'Issue a ticket for a room',
    'As for a session, but for every session of this room, also those to come: with `sessions:read` by their TokenIDs, ' +
      'with `rooms:open` by the room’s name.',
  )
  @Room()
  @ApiTicketBody(roomTicketBody)
  @ApiTicket()
  @ApiProblems(...PROBLEMS)
  async forRoom(
    @CurrentCaller() caller: Caller,
    @Param('room', { schema: roomName }) room: string,
    @Body({ schema: roomTicketBody }) body: TicketBody,
  ): Promise<TicketView> {
    return this.service.issueForRoom(caller, room, body);
  }
}
