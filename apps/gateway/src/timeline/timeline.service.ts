import { type SessionRecord, type SessionTimeline, TimelineRepository } from '@app/entities';
import { Injectable } from '@nestjs/common';
import { ProblemError } from '../problems/problem.js';
import { SessionsService } from '../sessions/sessions.service.js';

/** Shows what happened to a session. */
@Injectable()
export class TimelineService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly timelines: TimelineRepository,
  ) {}

  /** A session, also one that has ended, and its timeline. @throws ProblemError 404 */
  async show(id: string): Promise<SessionTimeline & { session: SessionRecord }> {
    const session = await this.sessions.find(id);
    const timeline = await this.timelines.find(id);
    if (timeline === null) throw new ProblemError('not-found', { detail: 'Session not found' });
    return { session, ...timeline };
  }
}
