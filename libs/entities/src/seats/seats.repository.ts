import { seatsEventId } from '@app/kernel';
import { Injectable } from '@nestjs/common';
import { checked } from '../database/checked.js';
import { Database } from '../database/database.js';
import { GroupCommit } from '../database/group-commit.js';
import { USE_INDEXES } from '../database/use-indexes.js';
import { notifySessionsChanged } from '../sessions/notify-sessions-changed.js';
import { changeSeats, type SeatChange, type SeatOutcome } from './seat-changes.js';
import {
  type FreeOutcome,
  type RenewOutcome,
  seatColumns,
  type SeatCounts,
  type SeatHolding,
  type SeatRecord,
  type SeatTaking,
  type TakeOutcome,
} from './seat-record.js';

/** Maximum seats per statement of the sweeper. */
export const SEATS_BATCH = 1000;
/** Changes of one transaction, which holds the locks of its sessions meanwhile. */
const MAX_CHANGES = 20;

/**
 * Seats of sessions. Changes that arrive together share a transaction: a crowd that takes seats in one session waits for
 * its lock with two connections, not with all of the pool.
 */
@Injectable()
export class SeatsRepository {
  private readonly changes: GroupCommit<SeatChange, SeatOutcome>;

  constructor(private readonly database: Database) {
    this.changes = new GroupCommit({
      run: (changes) => database.transaction((statements) => changeSeats(statements, changes)),
      maxSize: MAX_CHANGES,
    });
  }

  /** Takes a seat, if the session is ready, the name is free, and there is room for a participant. */
  async take(change: SeatTaking): Promise<TakeOutcome> {
    return (await this.changes.submit({ kind: 'take', change })) as TakeOutcome;
  }

  /** Renews a lease. A seat whose lease has lapsed is gone, whether or not another took its place. */
  async renew(change: SeatHolding): Promise<RenewOutcome> {
    return (await this.changes.submit({ kind: 'renew', change })) as RenewOutcome;
  }

  /** Frees a seat; one that is gone is free already. */
  async free(change: SeatHolding): Promise<FreeOutcome> {
    return (await this.changes.submit({ kind: 'free', change })) as FreeOutcome;
  }

  /** A page of the seats of a session, in the order of the names as they are compared. */
  async list(
    sessionId: string,
    { limit, after = '' }: { limit: number; after?: string | undefined },
  ): Promise<{ seats: SeatRecord[]; next: string | null }> {
    const rows = await this.database.query<SeatRecord & { place: string }>(
      `SELECT ${seatColumns('s')}, s.folded_name AS place FROM seats s
       WHERE s.session_id = $1 AND s.folded_name > $2 AND ${checked('s.lease_until > statement_timestamp()')}
       ORDER BY s.folded_name LIMIT $3`,
      [sessionId, after, limit + 1],
    );
    const page = rows.slice(0, limit);
    return {
      seats: page.map(({ place: _, ...seat }) => seat),
      next: rows.length > limit ? (page.at(-1)?.place ?? null) : null,
    };
  }

  /** The seats of each session that has some, by its id. */
  async count(sessionIds: readonly string[]): Promise<Map<string, SeatCounts>> {
    const rows = await this.database.transaction(async (statements) => {
      await statements.query(USE_INDEXES);
      return statements.query<SeatCounts & { id: string }>(
        `SELECT session_id AS id, count(*) FILTER (WHERE role = 'participant')::int AS participants,
                count(*) FILTER (WHERE role = 'viewer')::int AS viewers
         FROM seats WHERE session_id = ANY($1) AND ${checked('lease_until > statement_timestamp()')} GROUP BY session_id`,
        [sessionIds],
      );
    });
    return new Map(rows.map(({ id, ...counts }) => [id, counts]));
  }

  /**
   * Deletes a batch of seats whose lease has lapsed, and returns how many. It takes no lock of a session: what it deletes
   * was not held any more.
   */
  async deleteLapsed(): Promise<number> {
    return this.database.transaction(async (statements) => {
      const rows = await statements.query<{ sessionId: string }>(
        `DELETE FROM seats WHERE ctid = ANY(ARRAY(
           SELECT d.ctid FROM seats d WHERE d.lease_until <= statement_timestamp()
           ORDER BY d.lease_until LIMIT ${String(SEATS_BATCH)} FOR UPDATE SKIP LOCKED))
         RETURNING session_id AS "sessionId"`,
      );
      await notifySessionsChanged(statements, [...new Set(rows.map((row) => seatsEventId(row.sessionId)))]);
      return rows.length;
    });
  }
}
