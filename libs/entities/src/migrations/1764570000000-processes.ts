import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndex, dropIndex } from './create-index.js';
import { withoutQueueing } from './without-queueing.js';

/**
 * What the console shows: the processes of the fleet, the reasons of operators, and failed sessions by their code. The
 * previous release leaves the table alone and the column empty. Safe to repeat after an interruption.
 */
export class Processes1764570000000 implements MigrationInterface {
  name = 'Processes1764570000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS processes (
        id text NOT NULL,
        kind text NOT NULL,
        version text NOT NULL,
        started_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT now(),
        figures jsonb NOT NULL DEFAULT '{}',
        CONSTRAINT processes_pkey PRIMARY KEY (id),
        CONSTRAINT processes_kind_known CHECK (kind IN ('gateway', 'worker'))
      )`);
    await runner.query('CREATE INDEX IF NOT EXISTS processes_seen ON processes (seen_at)');
    // A check on a new column is not validated against the rows that exist: they all have null.
    await withoutQueueing(
      runner,
      `ALTER TABLE audit_entries ADD COLUMN IF NOT EXISTS reason text
         CONSTRAINT audit_entries_reason_short CHECK (length(reason) <= 200)`,
    );
    await createIndex(
      runner,
      'sessions',
      'sessions_failed_by_code',
      `(failure_code, created_at, id) WHERE status = 'failed'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropIndex(runner, 'sessions_failed_by_code');
    await withoutQueueing(runner, 'ALTER TABLE audit_entries DROP COLUMN reason');
    await runner.query('DROP TABLE processes');
  }
}
