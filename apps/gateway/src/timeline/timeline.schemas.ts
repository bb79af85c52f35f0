import { FAILURE_CODES, TIMELINE_EVENTS } from '@app/kernel';
import { z } from 'zod';
import { sessionView } from '../sessions/session.schemas.js';

const time = z.iso.datetime();

export const timelineEntry = z
  .strictObject({
    at: time,
    until: time.exactOptional().meta({ description: 'The end of what took some time, or the last of several.' }),
    event: z.enum(TIMELINE_EVENTS),
    by: z.string().exactOptional().meta({
      description: 'The actor, as in the audit trail; `clock` for what time brought about, `sweeper` for its repairs.',
    }),
    product: z.enum(['stream', 'sync', 'chat']).exactOptional(),
    endpoint: z.string().exactOptional().meta({ description: 'Name of the CAS endpoint, or the id of a webhook.' }),
    durationMs: z.number().exactOptional(),
    outcome: z.string().exactOptional().meta({
      description: '`ok` or an error code; of a webhook delivery the HTTP status or `no-reply`.',
    }),
    status: z.int().exactOptional().meta({ description: 'HTTP status of CAS, if it answered with an error.' }),
    code: z.enum(FAILURE_CODES).exactOptional(),
    waitMs: z.number().exactOptional().meta({ description: 'The wait until the next call of CAS, in ms.' }),
    reason: z
      .string()
      .exactOptional()
      .meta({
        description:
          'Why a run waited or came late: `backoff`, `retry-after`, `circuit-open`, `aborted`, `error`, `taken-over`, ' +
          '`store-unavailable` or `clock-skew`.',
      }),
    count: z.int().exactOptional(),
    text: z.string().meta({ description: 'The step in one sentence.' }),
  })
  .meta({ id: 'TimelineEntry' });

/** The life of one session. */
export const timelineView = z
  .strictObject({
    session: sessionView,
    entries: z.array(timelineEntry).meta({ description: 'In the order of time.' }),
    omitted: z.int().meta({ description: 'Steps that were not kept: a session keeps its first ones and the latest.' }),
  })
  .meta({ id: 'Timeline' });

export type TimelineView = z.output<typeof timelineView>;
