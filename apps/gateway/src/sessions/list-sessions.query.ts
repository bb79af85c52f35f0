import { SESSION_STATUSES } from '@app/kernel';
import { z } from 'zod';
import { pageLimit } from '../http/page-limit.js';
import { decodeCursor } from './session-cursor.js';
import { storedName } from './room-name.js';

const cursor = z.string().transform((text, context) => {
  const place = decodeCursor(text);
  if (place !== null) return place;
  context.addIssue('must be a nextCursor of this server');
  return z.NEVER;
});

/** The query of `GET /v1/sessions`. */
export const listSessionsQuery = z.strictObject({
  status: z.enum(SESSION_STATUSES, { error: `must be one of ${SESSION_STATUSES.join(', ')}` }).optional(),
  room: storedName.optional(),
  limit: pageLimit,
  cursor: cursor.optional(),
});

export type ListSessionsQuery = z.output<typeof listSessionsQuery>;
