import { SESSION_ID } from '@app/kernel';
import { z } from 'zod';
import { pageLimit } from '../http/page-limit.js';
import { isStorable } from '../http/storable-json.js';
import { decodeAuditCursor } from './audit-cursor.js';

/** Longer than any issuer and subject together. */
const LONGEST_ACTOR = 2048;
const NO_TIME = 'must be an ISO 8601 time with its zone, such as 2026-11-25T20:00:00Z';

const cursor = z.string().transform((text, context) => {
  const place = decodeAuditCursor(text);
  if (place !== null) return place;
  context.addIssue('must be a nextCursor of this server');
  return z.NEVER;
});

/** The query of `GET /v1/audit`. */
export const auditQuery = z.strictObject({
  session: z.string().regex(SESSION_ID, 'must be a TokenID').optional(),
  actor: z
    .string()
    .refine((actor) => actor !== '' && actor.length <= LONGEST_ACTOR && isStorable(actor), {
      error: 'must be the id of a caller, such as key:backend',
    })
    .optional(),
  from: z.iso
    .datetime({ offset: true, error: NO_TIME })
    .transform((text) => new Date(text))
    .refine((date) => date.getUTCFullYear() >= 1, { error: NO_TIME })
    .optional(),
  limit: pageLimit,
  cursor: cursor.optional(),
});

export type AuditQuery = z.output<typeof auditQuery>;
