import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

export type ProcessKind = 'gateway' | 'worker';

/** What a process reports about itself. */
export interface ProcessReport {
  id: string;
  kind: ProcessKind;
  version: string;
  /** How long it has been running, in s. */
  uptimeS: number;
  figures: object;
}

/** A process as it last reported itself. */
export interface ProcessRecord {
  id: string;
  kind: ProcessKind;
  version: string;
  startedAt: Date;
  seenAt: Date;
  /** Since its last report, in s, by the clock of the database. */
  silentS: number;
  /** Of any release: to be parsed. */
  figures: unknown;
}

/** Maximum processes that are listed: those seen last. */
const LISTED = 500;
/** Maximum rows per statement. */
export const PROCESSES_BATCH = 1000;
/** A process that was not seen for this long is forgotten, in s. */
const FORGET_AFTER_S = 86_400;

/** The processes of the fleet. Each writes its own row; consoles read all of them. */
@Injectable()
export class ProcessesRepository {
  constructor(private readonly database: Database) {}

  async report({ id, kind, version, uptimeS, figures }: ProcessReport): Promise<void> {
    await this.database.query(
      `INSERT INTO processes (id, kind, version, started_at, seen_at, figures)
       VALUES ($1, $2, $3, statement_timestamp() - make_interval(secs => $4), statement_timestamp(), $5)
       ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, figures = excluded.figures`,
      [id, kind, version, uptimeS, JSON.stringify(figures)],
    );
  }

  /** For a process that stops: it is not lost. */
  async forget(id: string): Promise<void> {
    await this.database.query('DELETE FROM processes WHERE id = $1', [id]);
  }

  /** The processes seen within the last `withinS`, those seen last first. */
  async list(withinS: number): Promise<ProcessRecord[]> {
    return this.database.query<ProcessRecord>(
      `SELECT id, kind, version, started_at AS "startedAt", seen_at AS "seenAt", figures,
              extract(epoch FROM statement_timestamp() - seen_at)::float8 AS "silentS"
       FROM processes WHERE seen_at > statement_timestamp() - make_interval(secs => $1)
       ORDER BY seen_at DESC LIMIT ${String(LISTED)}`,
      [withinS],
    );
  }

  /** Deletes processes not seen for a day, and returns how many. */
  async purge(): Promise<number> {
    const rows = await this.database.query(
      `DELETE FROM processes WHERE ctid = ANY(ARRAY(
         SELECT d.ctid FROM processes d
         WHERE d.seen_at <= statement_timestamp() - make_interval(secs => ${String(FORGET_AFTER_S)})
         ORDER BY d.seen_at LIMIT ${String(PROCESSES_BATCH)} FOR UPDATE SKIP LOCKED))
       RETURNING 1`,
    );
    return rows.length;
  }
}
