import type { SeatRole, SessionStatus } from '@app/kernel';

/** A seat that is held. */
export interface SeatRecord {
  id: string;
  sessionId: string;
  name: string;
  role: SeatRole;
  takenAt: Date;
  leaseUntil: Date;
}

/** How many seats of each role are held. */
export interface SeatCounts {
  participants: number;
  viewers: number;
}

/** A seat to be taken. */
export interface SeatTaking {
  sessionId: string;
  name: string;
  role: SeatRole;
  /** The caller: it alone may renew and free the seat. */
  takenBy: string;
  /** Most participants of the session. */
  maxParticipants: number;
  /** Most seats of the caller in the session; null for no limit. */
  maxOfCaller: number | null;
}

/** A seat to be renewed or freed. */
export interface SeatHolding {
  sessionId: string;
  id: string;
  caller: string;
  /** Whether the caller may change the seats of others. */
  mayChangeAny: boolean;
}

/** Only a ready session has seats. `status` is that of the session; null if there is none. */
export interface NotReady {
  outcome: 'not-ready';
  status: Exclude<SessionStatus, 'ready'> | null;
}

export type TakeOutcome =
  | { outcome: 'taken'; seat: SeatRecord }
  /** The suggestion was free; null if no free name was found. */
  | { outcome: 'name-taken'; suggestion: string | null }
  | { outcome: 'full' }
  /** The caller holds as many seats as it may. */
  | { outcome: 'limit-reached' }
  | NotReady;

export type RenewOutcome =
  { outcome: 'renewed'; seat: SeatRecord } | { outcome: 'not-found' } | { outcome: 'foreign' } | NotReady;

/** A seat that is gone is free. */
export interface FreeOutcome {
  outcome: 'freed' | 'foreign';
}

/** SQL for the columns of a `SeatRecord`, over a row of `seats`. */
export const seatColumns = (row: string): string =>
  ['id', 'session_id AS "sessionId"', 'name', 'role', 'taken_at AS "takenAt"', 'lease_until AS "leaseUntil"']
    .map((column) => `${row}.${column}`)
    .join(', ');
