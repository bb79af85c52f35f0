import { Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ADMISSION_PROBLEMS } from '../admission/admission.openapi.js';
import { type Caller, CurrentCaller } from '../auth/caller.js';
import { PreferredWait, type WaitPreference } from '../http/prefer-wait.js';
import { ApiProblems, Operation } from '../openapi/responses.js';
import { RotationService } from './rotation.service.js';
import { ApiPrefer, ApiSession, TokenId } from './session.openapi.js';
import { SessionPresenter } from './session.presenter.js';
import type { SessionView } from './session.schemas.js';

@ApiTags('Sessions')
@Controller('v1/sessions/:tokenId/rotate')
export class RotationController {
  constructor(
    private readonly service: RotationService,
    private readonly presenter: SessionPresenter,
  ) {}

  @Post()
  @HttpCode(202)
  @Operation(
    'rotateSession',
    'Rotate a session',
    'Closes the session and opens the next generation of its room, with the same products and metadata, as one change. ' +
      'Callers that follow the session are told `closed` with the successor, if they have `rooms:open` or a ticket for the room. Of concurrent ' +
      'rotations one succeeds; the others are 410 with a link to the successor. A session without a room is 422.',
  )
  @TokenId()
  @ApiPrefer()
  @ApiSession(201, 'The next generation is ready', 'ready')
  @ApiSession(200, 'The next generation failed: see the body', 'failed')
  @ApiSession(202, 'The next generation is pending', 'pending')
  @ApiProblems(
    'malformed',
    'not-found',
    'session-closed',
    'session-expired',
    'validation-failed',
    ...ADMISSION_PROBLEMS,
    'body-too-large',
    'unsupported-media-type',
    'unavailable',
    'overloaded',
  )
  async rotate(
    @CurrentCaller() caller: Caller,
    @Param('tokenId') tokenId: string,
    @PreferredWait() preference: WaitPreference,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    return this.presenter.opened(await this.service.rotate(caller, tokenId, preference), caller, reply);
  }
}
