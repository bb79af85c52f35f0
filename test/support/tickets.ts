import type { Client, Reply } from './client.js';

export interface Issued {
  ticket: string;
  expiresAt: string;
}

/** Asks for a ticket as a customer's server does. */
export const issueFor = (client: Client, place: { session: string } | { room: string }, body: object) =>
  'session' in place
    ? client.send<Issued>('POST', `/v1/sessions/${place.session}/tickets`, { body })
    : client.send<Issued>('POST', `/v1/rooms/${encodeURIComponent(place.room)}/tickets`, { body });

/** The ticket of a reply that has one. */
export function ticketOf({ status, body, text }: Reply<Issued>): string {
  if (status !== 201) throw new Error(`no ticket: ${status} ${text}`);
  return body.ticket;
}

/** A ticket as a JWT: its header, claims and signature. */
export function partsOf(ticket: string) {
  const [header = '', claims = '', signature = ''] = ticket.slice('wtt_'.length).split('.');
  const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  return { header: decoded(header), claims: decoded(claims), signature };
}
