import { ApiResponse } from '@nestjs/swagger';
import { REQUEST_ID } from '../openapi/responses.js';
import { EXAMPLES } from '../sessions/session.openapi.js';
import { type TimelineView, timelineView } from './timeline.schemas.js';

const EXAMPLE: TimelineView = {
  session: {
    ...EXAMPLES.pending,
    status: 'ready',
    readyAt: '2026-11-24T20:59:01.534Z',
    expiresAt: EXAMPLES.ready.expiresAt,
  },
  entries: [
    {
      at: '2026-11-24T20:59:00.000Z',
      event: 'asked',
      by: 'key:backend',
      text: 'key:backend asked for stream for room derby, generation 1.',
    },
    {
      at: '2026-11-24T20:59:00.000Z',
      until: '2026-11-24T20:59:00.009Z',
      event: 'queued',
      durationMs: 9,
      text: 'In the queue for 9 ms, until a worker took it.',
    },
    {
      at: '2026-11-24T20:59:00.009Z',
      until: '2026-11-24T20:59:00.021Z',
      event: 'attempt',
      product: 'stream',
      endpoint: 'cas.example.com',
      durationMs: 12,
      outcome: 'cas-unavailable',
      status: 503,
      text: 'CAS (cas.example.com) issued no stream token after 12 ms: HTTP 503, CAS is unavailable.',
    },
    {
      at: '2026-11-24T20:59:00.022Z',
      event: 'waiting',
      waitMs: 1400,
      reason: 'retry-after',
      code: 'cas-unavailable',
      text: 'CAS asked to wait (Retry-After). Next call in 1.4 s.',
    },
  ],
  omitted: 0,
};

/** The timeline of a session. */
export const ApiTimeline = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: 'The timeline, oldest step first',
    standardSchema: timelineView,
    examples: { timeline: { summary: 'timeline', value: EXAMPLE } },
    headers: REQUEST_ID,
  });
