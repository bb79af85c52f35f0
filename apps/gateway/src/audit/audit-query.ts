import type { AuditPlace } from '@app/entities';
import { ACTOR, AUDIT_ACTIONS, AUDITED_ID } from '@app/kernel';
import { z } from 'zod';
import { isCursorTimestamp } from '../http/cursor-timestamp.js';
import { keysetCursor } from '../http/keyset-cursor.js';
import { pageLimit } from '../http/page-limit.js';
import { isStorable } from '../http/storable-json.js';

/** Longer than any issuer and subject combined. */
const LONGEST_ACTOR = 2048;
const NO_ACTOR =
  'must be key:<id>, user:<issuer>#<subject>, ticket:<key id>#<subject>, user:erased, room-api, cli or console';
const NO_TIME = 'must be an ISO 8601 time with its zone, such as 2026-11-25T20:00:00Z';

/** Pages are sorted by time, actor, action and session (or ''). */
export const auditCursor = keysetCursor<AuditPlace>(
  z.strictObject({
    at: z.string().refine(isCursorTimestamp),
    actor: z.string().refine(isStorable),
    action: z.enum(AUDIT_ACTIONS),
    session: z.literal('').or(z.string().regex(AUDITED_ID)),
  }),
);

/** The query of `GET /v1/audit`. */
export const auditQuery = z.strictObject({
  session: z.string().regex(AUDITED_ID, 'must be a TokenID or the id of a chat token or webhook').optional(),
  actor: z
    .string()
    .refine((actor) => actor.length <= LONGEST_ACTOR && ACTOR.test(actor) && isStorable(actor), { error: NO_ACTOR })
    .optional(),
  from: z.iso
    .datetime({ offset: true, error: NO_TIME })
    .transform((text) => new Date(text))
    .refine((date) => date.getUTCFullYear() >= 1, { error: NO_TIME })
    .optional(),
  limit: pageLimit,
  cursor: auditCursor.parameter.optional(),
});

export type AuditQuery = z.output<typeof auditQuery>;
