import type { Scope } from './scopes.js';

/** What a ticket begins with, before its signed part. */
export const TICKET_PREFIX = 'wtt_';

/** The scopes that a ticket for a session may carry. */
export const SESSION_TICKET_SCOPES = [
  'sessions:read',
  'tokens:read',
  'seats:take',
  'chat:mint',
] as const satisfies readonly Scope[];

/** The scopes that a ticket for a room may carry. */
export const ROOM_TICKET_SCOPES = ['rooms:open', ...SESSION_TICKET_SCOPES] as const satisfies readonly Scope[];

/** The scopes of a ticket for which none were named, as far as its issuer has them. */
export const DEFAULT_TICKET_SCOPES = ['sessions:read', 'tokens:read', 'seats:take'] as const satisfies readonly Scope[];

export type TicketScope = (typeof ROOM_TICKET_SCOPES)[number];

/** The caller text of a ticket: the id of the API key that issued it, and the person it was issued to. */
export function ticketCaller(issuer: string, subject: string): string {
  return `ticket:${issuer}#${subject}`;
}
