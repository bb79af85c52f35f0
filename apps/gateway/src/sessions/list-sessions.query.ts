import type { PagePlace } from '@app/entities';
import { SESSION_ID, SESSION_STATUSES } from '@app/kernel';
import { z } from 'zod';
import { isCursorTimestamp } from '../http/cursor-timestamp.js';
import { keysetCursor } from '../http/keyset-cursor.js';
import { pageLimit } from '../http/page-limit.js';
import { storedName } from './room-name.js';

/** Pages are sorted by creation and id. */
export const sessionCursor = keysetCursor<PagePlace>(
  z.strictObject({ createdAt: z.string().refine(isCursorTimestamp), id: z.string().regex(SESSION_ID) }),
);

/** The query of `GET /v1/sessions`. */
export const listSessionsQuery = z.strictObject({
  status: z.enum(SESSION_STATUSES, { error: `must be one of ${SESSION_STATUSES.join(', ')}` }).optional(),
  room: storedName.optional(),
  limit: pageLimit,
  cursor: sessionCursor.parameter.optional(),
});

export type ListSessionsQuery = z.output<typeof listSessionsQuery>;
