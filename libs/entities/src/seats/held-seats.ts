import { SEAT_LEASE_S } from '@app/kernel';
import { checked } from '../database/checked.js';
import type { Queryable } from '../database/queryable.js';
import { seatColumns, type SeatHolding, type SeatRecord } from './seat-record.js';

/** SQL: when a lease that begins or is renewed now ends. */
export const LEASE_END = `statement_timestamp() + make_interval(secs => ${String(SEAT_LEASE_S)})`;

const FIND = 'SELECT s.id, s.session_id AS "sessionId", s.taken_by AS "takenBy" FROM seats s WHERE s.id = ANY($1)';
/** A lease may have ended since the lapsed ones were deleted. */
const RENEW = `UPDATE seats s SET lease_until = ${LEASE_END}
  WHERE s.id = ANY($1) AND ${checked('s.lease_until > statement_timestamp()')} RETURNING ${seatColumns('s')}`;
const FREE = `DELETE FROM seats s WHERE s.id = ANY($1) RETURNING ${seatColumns('s')}`;

/** Seats that were changed, and what came of each holding. */
export interface HeldSeats {
  changed: SeatRecord[];
  /** The changed seat; `foreign` if another caller holds it, null if it is gone. */
  of(holding: SeatHolding): SeatRecord | 'foreign' | null;
}

/** Renews the seats that their callers may renew. Their sessions are locked. */
export function renewSeats(statements: Queryable, held: readonly SeatHolding[]): Promise<HeldSeats> {
  return changeHeld(statements, RENEW, held);
}

/** Frees the seats that their callers may free. Their sessions are locked. */
export function freeSeats(statements: Queryable, held: readonly SeatHolding[]): Promise<HeldSeats> {
  return changeHeld(statements, FREE, held);
}

async function changeHeld(statements: Queryable, sql: string, held: readonly SeatHolding[]): Promise<HeldSeats> {
  if (held.length === 0) return { changed: [], of: () => null };
  const rows = await statements.query<{ id: string; sessionId: string; takenBy: string }>(FIND, [idsOf(held)]);
  const owners = new Map(rows.map(({ id, sessionId, takenBy }) => [`${sessionId} ${id}`, takenBy]));
  const ownerOf = ({ sessionId, id }: SeatHolding) => owners.get(`${sessionId} ${id}`);
  const own = held.filter((one) => {
    const owner = ownerOf(one);
    return owner !== undefined && (one.mayChangeAny || owner === one.caller);
  });
  const changed = own.length === 0 ? [] : await statements.query<SeatRecord>(sql, [idsOf(own)]);
  const byId = new Map(changed.map((seat) => [seat.id, seat]));
  return {
    changed,
    of: (one) => {
      if (own.includes(one)) return byId.get(one.id) ?? null;
      return ownerOf(one) === undefined ? null : 'foreign';
    },
  };
}

function idsOf(held: readonly SeatHolding[]): string[] {
  return [...new Set(held.map(({ id }) => id))];
}
