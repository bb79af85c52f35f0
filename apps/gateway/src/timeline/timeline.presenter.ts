import type { TimelineService } from './timeline.service.js';
import { SessionPresenter } from '../sessions/session.presenter.js';
import { Injectable } from '@nestjs/common';
import type { TimelineView } from './timeline.schemas.js';

/** Turns a timeline into a reply, without tokens. */
@Injectable()
export class TimelinePresenter {
  constructor(private readonly sessions: SessionPresenter) {}

  shown({ session, entries, omitted }: Awaited<ReturnType<TimelineService['show']>>): TimelineView {
    return {
      session: this.sessions.withoutTokens(session),
      entries: entries.map(({ at, until, ...entry }) => ({
        at: at.toISOString(),
        ...(until !== undefined && { until: until.toISOString() }),
        ...entry,
      })),
      omitted,
    };
  }
}
