import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** The pace as it is now. */
export interface Pace {
  /** Calls per second over all workers; null if they are not limited. */
  limit: number | null;
  /** What an operator set: 0 for no limit, null for what workers are configured with. */
  set: number | null;
  /** For how long the limit is lowered, since CAS answered 429, in s; 0 if it is not. */
  slowedS: number;
}

/** Calls that may be made. */
export interface Turns {
  granted: number;
  /** Until the first of them, in ms. */
  firstInMs: number;
  /** Between two of them, in ms. */
  everyMs: number;
  /** Until the first that is not granted yet, in ms. */
  nextInMs: number;
}

/** One grant lasts this long, in s: workers that wait take turns by it, and what a killed one held is lost. */
const GRANT_S = 0.1;
/** Until an earlier 429 has had its effect, in s, another one does not lower the limit further. */
const SLOW_AGAIN_AFTER_S = 1;
/** The limit is halved by each 429, down to this share. */
const SLOWEST = 1 / 16;
/** Calls that are counted: an estimate needs no exact number above this. */
const COUNTED_AT_MOST = 100_000;

const NOW = 'statement_timestamp()';
/** SQL: calls per second; null or 0 if they are not limited. `$1`: what the worker is configured with, or null. */
const RATE = `(COALESCE(max_rps, $1::float8) * CASE WHEN slowed_until > ${NOW} THEN slow_factor ELSE 1 END)`;
const START = `GREATEST(next_at, ${NOW})`;
/** SQL: how many of `$2` calls are granted, if the next may be made within `$3` s. */
const GRANTED = `(CASE WHEN ${RATE} > 0
  THEN CASE WHEN ${START} <= ${NOW} + make_interval(secs => $3)
    THEN LEAST($2::int, GREATEST(1, ceil(${RATE} * ${String(GRANT_S)}))::int) ELSE 0 END
  ELSE $2::int END)`;

/** All expressions are of the row itself: a statement that waited for another one sees what that has written. */
const TAKE = `
  UPDATE cas_pacing SET
    granted = ${GRANTED}, start_at = ${START},
    next_at = CASE WHEN ${RATE} > 0 THEN ${START} + make_interval(secs => ${GRANTED} / ${RATE}) ELSE ${NOW} END
  RETURNING granted, (1000 * extract(epoch FROM start_at - ${NOW}))::float8 AS "firstInMs",
    COALESCE(1000 / NULLIF(${RATE}, 0), 0)::float8 AS "everyMs",
    (1000 * extract(epoch FROM next_at - ${NOW}))::float8 AS "nextInMs"`;

const SLOW = `
  UPDATE cas_pacing SET
    slow_factor = CASE
      WHEN slowed_at > ${NOW} - make_interval(secs => ${String(SLOW_AGAIN_AFTER_S)}) THEN slow_factor
      WHEN slowed_until > ${NOW} THEN GREATEST(slow_factor / 2, ${String(SLOWEST)})
      ELSE 0.5 END,
    slowed_at = CASE
      WHEN slowed_at > ${NOW} - make_interval(secs => ${String(SLOW_AGAIN_AFTER_S)}) THEN slowed_at ELSE ${NOW} END,
    slowed_until = GREATEST(slowed_until, ${NOW} + make_interval(secs => $2 / 1000.0))
  WHERE COALESCE(max_rps, $1::float8) > 0`;

/** Paces the calls of CAS over all workers. `configured`: the limit that this worker is configured with, or null. */
@Injectable()
export class PacingRepository {
  constructor(private readonly database: Database) {}

  async read(configured: number | null): Promise<Pace> {
    const [row] = await this.database.query<{ limit: number | null; set: number | null; slowedS: number }>(
      `SELECT NULLIF(${RATE}, 0) AS limit, max_rps AS set,
              GREATEST(0, COALESCE(extract(epoch FROM NULLIF(slowed_until, '-infinity') - ${NOW}), 0))::float8 AS "slowedS"
       FROM cas_pacing`,
      [configured],
    );
    return row ?? { limit: configured, set: null, slowedS: 0 };
  }

  /** Takes up to `asked` turns, but none if the next one is more than `withinMs` away. */
  async take(asked: number, configured: number | null, withinMs: number): Promise<Turns> {
    const [row] = await this.database.query<Turns>(TAKE, [configured, asked, withinMs / 1000]);
    return row ?? { granted: asked, firstInMs: 0, everyMs: 0, nextInMs: 0 };
  }

  /** Lowers the limit for a while, since CAS answered 429. */
  async slow(configured: number | null, forMs: number): Promise<void> {
    await this.database.query(SLOW, [configured, forMs]);
  }

  /** Sets the limit for all workers: 0 for none, null for what they are configured with. */
  async set(maxRps: number | null): Promise<void> {
    await this.database.query(
      `UPDATE cas_pacing SET max_rps = $1, next_at = LEAST(next_at, ${NOW}), slowed_until = '-infinity'`,
      [maxRps],
    );
  }

  /** Calls that the pending sessions need, at most: counted up to 100,000 sessions. */
  async pendingCalls(): Promise<number> {
    const [row] = await this.database.query<{ calls: number }>(
      `SELECT COALESCE(sum(cardinality(products)), 0)::float8 AS calls
       FROM (SELECT products FROM sessions WHERE status = 'pending' LIMIT ${String(COUNTED_AT_MOST)}) p`,
    );
    return row?.calls ?? 0;
  }
}
