import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { REQUEST_ID } from '../openapi/responses.js';
import { EXAMPLES } from '../sessions/session.openapi.js';

const frame = (id: number, session: object, type = 'session') =>
  `event: ${type}\nid: ${String(id)}\ndata: ${JSON.stringify(session)}\n\n`;
const { tokens: _, ...ready } = EXAMPLES.ready;

export const ApiLastEventId = (): MethodDecorator =>
  ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The id of the last event received.',
    schema: { type: 'string' },
    example: '1',
  });

/** A session's event stream. */
export const ApiEvents = (): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: 'Events as they occur; a comment at least every 15 seconds (`STREAM_HEARTBEAT_S`)',
    headers: REQUEST_ID,
    content: {
      'text/event-stream': {
        schema: { type: 'string' },
        examples: {
          events: {
            summary: 'A session becomes ready',
            value:
              frame(1, EXAMPLES.pending) + frame(2, ready) + 'event: seats\ndata: {"participants":1,"viewers":0}\n\n',
          },
          expiring: {
            summary: 'A session will expire soon',
            value: frame(3, { ...ready, version: 3 }) + frame(3, { ...ready, version: 3 }, 'expiring'),
          },
        },
      },
    },
  });
