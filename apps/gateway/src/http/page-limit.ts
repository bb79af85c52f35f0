import { z } from 'zod';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;

/** The `limit` query parameter: items per page. */
export const pageLimit = z
  .string()
  .regex(/^\d{1,6}$/, 'must be a whole number')
  .transform(Number)
  .refine((n) => n >= 1 && n <= MAX_LIMIT, { error: `must be from 1 to ${MAX_LIMIT}` })
  .optional()
  .transform((n) => n ?? DEFAULT_LIMIT);
