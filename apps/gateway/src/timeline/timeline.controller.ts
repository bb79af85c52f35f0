import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiProblems, Operation } from '../openapi/responses.js';
import { TokenId } from '../sessions/session.openapi.js';
import { ApiTimeline } from './timeline.openapi.js';
import { TimelinePresenter } from './timeline.presenter.js';
import type { TimelineView } from './timeline.schemas.js';
import { TimelineService } from './timeline.service.js';

@ApiTags('Sessions')
@Controller('v1/sessions/:tokenId/timeline')
export class TimelineController {
  constructor(
    private readonly service: TimelineService,
    private readonly presenter: TimelinePresenter,
  ) {}

  @Get()
  @Operation(
    'readTimeline',
    'Read the timeline of a session',
    'What happened to a session and why, also after it has ended: requests, calls of CAS with their outcome and the wait ' +
      'that followed, repairs, reads of its tokens per minute, seats, and deliveries of webhooks. For operators.',
  )
  @TokenId()
  @ApiTimeline()
  @ApiProblems('malformed', 'not-found', 'unavailable')
  async read(@Param('tokenId') tokenId: string): Promise<TimelineView> {
    return this.presenter.shown(await this.service.show(tokenId));
  }
}
