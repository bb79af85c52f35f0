import type { Client, Reply } from './client.js';

/** A seat as the API shows it, or a problem instead of it. */
export interface Seat {
  id: string;
  session: string;
  name: string;
  role: string;
  leaseUntil: string;
  leaseS: number;
  tokens?: { stream?: string };
  code?: string;
  suggestion?: string;
}

export const takeSeat = (client: Client, session: string, name: string, role = 'participant'): Promise<Reply<Seat>> =>
  client.send<Seat>('POST', `/v1/sessions/${session}/seats`, { body: { name, role } });

export const renewSeat = (client: Client, { session, id }: Pick<Seat, 'session' | 'id'>): Promise<Reply<Seat>> =>
  client.send<Seat>('PUT', `/v1/sessions/${session}/seats/${id}`);

export const freeSeat = (client: Client, { session, id }: Pick<Seat, 'session' | 'id'>): Promise<Reply<Seat>> =>
  client.send<Seat>('DELETE', `/v1/sessions/${session}/seats/${id}`);

/** Status and code. A 204 has no body. */
export const outcome = ({ status, body }: Reply<Seat | undefined>): string =>
  [status, body?.code].filter((part) => part !== undefined).join(' ');
