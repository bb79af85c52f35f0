import { SESSION_STATUSES } from '@app/kernel';
import { z } from 'zod';
import { decodeCursor } from './cursor.js';
import { storedName } from './room-name.js';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;

const limit = z
  .string()
  .regex(/^\d{1,6}$/, 'must be a whole number')
  .transform(Number)
  .refine((n) => n >= 1 && n <= MAX_LIMIT, { error: `must be from 1 to ${MAX_LIMIT}` });

const cursor = z.string().transform((text, context) => {
  const place = decodeCursor(text);
  if (place !== null) return place;
  context.addIssue('must be a nextCursor of this server');
  return z.NEVER;
});

/** The query of `GET /v1/sessions`. */
export const listQuery = z.strictObject({
  status: z.enum(SESSION_STATUSES, { error: `must be one of ${SESSION_STATUSES.join(', ')}` }).optional(),
  room: storedName.optional(),
  limit: limit.optional().transform((n) => n ?? DEFAULT_LIMIT),
  cursor: cursor.optional(),
});

export type ListQuery = z.output<typeof listQuery>;
