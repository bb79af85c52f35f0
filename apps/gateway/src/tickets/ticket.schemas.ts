import {
  isUsableSubject,
  MAX_SEAT_NAME,
  MAX_SUBJECT_LENGTH,
  ROOM_TICKET_SCOPES,
  SESSION_TICKET_SCOPES,
  type TicketScope,
} from '@app/kernel';
import { z } from 'zod';
import { nameOfPerson } from '../http/name-of-person.js';

export const DEFAULT_TTL_S = 900;
const MAX_TTL_S = 86_400;
const NO_TTL = `must be a whole number of seconds from 1 to ${String(MAX_TTL_S)}`;

const subject = z
  .string({ error: 'must be a string' })
  .refine(isUsableSubject, {
    error: `must have 1 to ${String(MAX_SUBJECT_LENGTH)} characters, none of them a control or format character`,
  })
  .meta({
    minLength: 1,
    maxLength: MAX_SUBJECT_LENGTH,
    description: 'Your id of the person that gets the ticket. Admission and the audit trail name it; logs do not.',
  });

const name = nameOfPerson.meta({
  type: 'string',
  minLength: 1,
  maxLength: MAX_SEAT_NAME,
  description: 'The name to show. The page that holds the ticket can read it from the ticket.',
});

const ttlS = z
  .int({ error: NO_TTL })
  .min(1, { error: NO_TTL })
  .max(MAX_TTL_S, { error: NO_TTL })
  .meta({ description: `Seconds until the ticket expires. Default: ${String(DEFAULT_TTL_S)}.` });

function ticketBody(id: string, allowed: readonly [TicketScope, ...TicketScope[]]) {
  const scope = z.enum(allowed, { error: `must be one of ${allowed.join(', ')}` });
  const scopes = z
    .array(scope, { error: 'must be an array' })
    // Not zod's min and max, which also accept strings by their length.
    .refine((all) => all.length > 0, { error: 'must name at least one scope' })
    .refine((all) => new Set(all).size === all.length, { error: 'must not name a scope twice' })
    .exactOptional()
    .meta({
      minItems: 1,
      maxItems: allowed.length,
      uniqueItems: true,
      description:
        'What the ticket permits; the credential must have these scopes too. ' +
        'Default: those of `sessions:read`, `tokens:read` and `seats:take` that it has.',
    });
  return z
    .strictObject(
      { subject, name: name.exactOptional(), ttlS: ttlS.exactOptional(), scopes },
      { error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined) },
    )
    .meta({ id });
}

/** The body of a request for a ticket to a session. */
export const sessionTicketBody = ticketBody('SessionTicketRequest', SESSION_TICKET_SCOPES);

/** The body of a request for a ticket to a room. */
export const roomTicketBody = ticketBody('RoomTicketRequest', ROOM_TICKET_SCOPES);

export type TicketBody = z.output<typeof roomTicketBody>;

/** An issued ticket: in this reply, and nowhere else. */
export const ticketView = z
  .strictObject({
    ticket: z.string().meta({ description: '`wtt_…`, to be sent as `Authorization: Bearer`. Treat it as a password.' }),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'Ticket' });

export type TicketView = z.output<typeof ticketView>;
