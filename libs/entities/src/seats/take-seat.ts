import { alternativeSeatNames, foldSeatName, newSeatId } from '@app/kernel';
import type { Queryable } from '../database/queryable.js';
import { LEASE_END } from './held-seats.js';
import { seatColumns, type SeatRecord, type SeatTaking, type TakeOutcome } from './seat-record.js';

const MAX_ROUNDS = 5;
/** A suggestion is drawn from this many free names, so that racers on several gateways seldom get the same one. */
const DRAWN_FROM = 12;

const TAKE = `
  INSERT INTO seats AS s (id, session_id, name, folded_name, role, taken_by, taken_at, lease_until)
  VALUES ($1, $2, $3, $4, $5, $6, statement_timestamp(), ${LEASE_END})
  ON CONFLICT (session_id, folded_name) DO NOTHING RETURNING ${seatColumns('s')}`;

/**
 * Takes a seat of a session that is locked.
 *
 * @param participants how many participants the session has
 * @param suggested names that this transaction has suggested, so that each is suggested once
 */
export async function takeSeat(
  statements: Queryable,
  { sessionId, name, role, takenBy, maxParticipants }: SeatTaking,
  participants: number,
  suggested: Set<string>,
): Promise<TakeOutcome> {
  if (role === 'participant' && participants >= maxParticipants) return { outcome: 'full' };
  const parameters = [newSeatId(), sessionId, name, foldSeatName(name), role, takenBy];
  const [seat] = await statements.query<SeatRecord>(TAKE, parameters);
  if (seat !== undefined) return { outcome: 'taken', seat };
  return { outcome: 'name-taken', suggestion: await suggest(statements, sessionId, name, suggested) };
}

/** A name that is free, or null if none was found among those that were tried. */
async function suggest(
  statements: Queryable,
  sessionId: string,
  name: string,
  suggested: Set<string>,
): Promise<string | null> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const names = alternativeSeatNames(name, round).map((text) => ({ text, folded: foldSeatName(text) }));
    const rows = await statements.query<{ folded: string }>(
      'SELECT folded_name AS folded FROM seats WHERE session_id = $1 AND folded_name = ANY($2)',
      [sessionId, names.map(({ folded }) => folded)],
    );
    const taken = new Set(rows.map(({ folded }) => folded));
    const free = names.filter(({ folded }) => !taken.has(folded) && !suggested.has(`${sessionId} ${folded}`));
    const drawn = free[Math.floor(Math.random() * Math.min(free.length, DRAWN_FROM))];
    if (drawn === undefined) continue;
    suggested.add(`${sessionId} ${drawn.folded}`);
    return drawn.text;
  }
  return null;
}
