import { seatsEventId, type SessionStatus } from '@app/kernel';
import { checked } from '../database/checked.js';
import type { Queryable } from '../database/queryable.js';
import { USE_INDEXES } from '../database/use-indexes.js';
import { notifySessionsChanged } from '../sessions/notify-sessions-changed.js';
import { SEEN_STATUS } from '../sessions/session-record.js';
import { appendNotes } from '../timeline/append-notes.js';
import { countSeatsOfCallers } from './callers-seats.js';
import { freeSeats, renewSeats } from './held-seats.js';
import type { FreeOutcome, RenewOutcome, SeatHolding, SeatTaking, TakeOutcome } from './seat-record.js';
import { takeSeat } from './take-seat.js';

/** One change of a batch. */
export type SeatChange =
  { kind: 'take'; change: SeatTaking } | { kind: 'renew'; change: SeatHolding } | { kind: 'free'; change: SeatHolding };

export type SeatOutcome = TakeOutcome | RenewOutcome | FreeOutcome;

/** A session that is locked. */
interface Locked {
  id: string;
  status: SessionStatus;
  participants: number;
}

/** In the order of the ids, so that two batches do not wait for each other in a circle. */
const LOCK = 'SELECT 1 FROM sessions WHERE id = ANY($1) ORDER BY id FOR UPDATE';

const DELETE_LAPSED = `
  DELETE FROM seats WHERE session_id = ANY($1) AND ${checked('lease_until <= statement_timestamp()')}
  RETURNING session_id AS id`;

const STATE = `
  SELECT s.id, ${SEEN_STATUS} AS status,
         (SELECT count(*)::int FROM seats p WHERE p.session_id = s.id AND p.role = 'participant') AS participants
  FROM sessions s WHERE s.id = ANY($1)`;

/**
 * Changes seats in one transaction: renewals first, then freed seats, then taken ones. Every session is locked before.
 * Seats whose lease has lapsed are deleted next: none of them is renewed, keeps its name or counts as a participant. Every
 * row that is left counts, so that what is counted can only decrease meanwhile, and no session gets past its limit.
 */
export async function changeSeats(statements: Queryable, changes: readonly SeatChange[]): Promise<SeatOutcome[]> {
  const ids = [...new Set(changes.map(({ change }) => change.sessionId))];
  await statements.query(USE_INDEXES);
  await statements.query(LOCK, [ids]);
  const lapsed = await statements.query<{ id: string }>(DELETE_LAPSED, [ids]);
  const sessions = new Map((await statements.query<Locked>(STATE, [ids])).map((row) => [row.id, row]));
  const renewals = await renewSeats(statements, changesOf(changes, 'renew'));
  const freed = await freeSeats(statements, changesOf(changes, 'free'));

  const changed = new Set([...lapsed.map(({ id }) => id), ...freed.changed.map(({ sessionId }) => sessionId)]);
  const participants = new Map([...sessions.values()].map((session) => [session.id, session.participants]));
  const count = (id: string, by: number) => participants.set(id, (participants.get(id) ?? 0) + by);
  for (const { sessionId, role } of freed.changed) if (role === 'participant') count(sessionId, -1);

  const ofCallers = await countSeatsOfCallers(statements, takingsOf(changes));

  const suggested = new Set<string>();
  const outcomes: SeatOutcome[] = [];
  for (const { kind, change } of changes) {
    const { sessionId } = change;
    const status = sessions.get(sessionId)?.status ?? null;
    if (kind === 'free') outcomes.push({ outcome: freed.of(change) === 'foreign' ? 'foreign' : 'freed' });
    else if (status !== 'ready') outcomes.push({ outcome: 'not-ready', status });
    else if (kind === 'renew') outcomes.push(toRenewOutcome(renewals.of(change)));
    else if (ofCallers.isLimitReached(change)) outcomes.push({ outcome: 'limit-reached' });
    else {
      const taken = await takeSeat(statements, change, participants.get(sessionId) ?? 0, suggested);
      outcomes.push(taken);
      if (taken.outcome !== 'taken') continue;
      changed.add(sessionId);
      ofCallers.add(change);
      if (change.role === 'participant') count(sessionId, 1);
    }
  }
  await noteSeats(statements, changes, outcomes);
  await notifySessionsChanged(statements, [...changed].map(seatsEventId));
  return outcomes;
}

/** In the timeline of each session: numbers only. */
async function noteSeats(
  statements: Queryable,
  changes: readonly SeatChange[],
  outcomes: readonly SeatOutcome[],
): Promise<void> {
  const notes: Record<string, [{ event: 'seats'; taken: number; freed: number }]> = {};
  changes.forEach(({ change: { sessionId } }, n) => {
    const outcome = outcomes[n]?.outcome;
    if (outcome !== 'taken' && outcome !== 'freed') return;
    const [note] = (notes[sessionId] ??= [{ event: 'seats', taken: 0, freed: 0 }]);
    note[outcome]++;
  });
  await appendNotes(statements, notes);
}

function changesOf(changes: readonly SeatChange[], wanted: 'renew' | 'free'): SeatHolding[] {
  return changes.flatMap((one) => (one.kind !== 'take' && one.kind === wanted ? [one.change] : []));
}

function takingsOf(changes: readonly SeatChange[]): SeatTaking[] {
  return changes.flatMap((one) => (one.kind === 'take' ? [one.change] : []));
}

function toRenewOutcome(seat: ReturnType<Awaited<ReturnType<typeof renewSeats>>['of']>): RenewOutcome {
  if (seat === null) return { outcome: 'not-found' };
  return seat === 'foreign' ? { outcome: 'foreign' } : { outcome: 'renewed', seat };
}
