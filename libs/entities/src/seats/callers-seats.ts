import type { Queryable } from '../database/queryable.js';
import type { SeatTaking } from './seat-record.js';

const COUNT = `
  SELECT w.session_id AS "sessionId", w.taken_by AS "takenBy", count(*)::int AS count
  FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS u (session_id, taken_by)) w
  JOIN seats s ON s.session_id = w.session_id AND s.taken_by = w.taken_by
  GROUP BY w.session_id, w.taken_by`;

/** How many seats the callers of a transaction hold, each in its session. */
export interface SeatsOfCallers {
  isLimitReached(taking: SeatTaking): boolean;
  /** Counts a seat that was taken. */
  add(taking: SeatTaking): void;
}

/** Counts the seats of callers that have a limit. Their sessions are locked, and lapsed seats deleted. */
export async function countSeatsOfCallers(
  statements: Queryable,
  takings: readonly SeatTaking[],
): Promise<SeatsOfCallers> {
  const limited = takings.filter(({ maxOfCaller }) => maxOfCaller !== null);
  const rows =
    limited.length === 0
      ? []
      : await statements.query<{ sessionId: string; takenBy: string; count: number }>(COUNT, [
          limited.map(({ sessionId }) => sessionId),
          limited.map(({ takenBy }) => takenBy),
        ]);
  const counts = new Map(rows.map((row) => [keyOf(row), row.count]));
  const of = (taking: SeatTaking) => counts.get(keyOf(taking)) ?? 0;
  return {
    isLimitReached: (taking) => taking.maxOfCaller !== null && of(taking) >= taking.maxOfCaller,
    add: (taking) => counts.set(keyOf(taking), of(taking) + 1),
  };
}

function keyOf({ sessionId, takenBy }: Pick<SeatTaking, 'sessionId' | 'takenBy'>): string {
  return `${sessionId} ${takenBy}`;
}
