import type { MigrationInterface, QueryRunner } from 'typeorm';
import { withoutQueueing } from './without-queueing.js';

/**
 * Deadlines of single sessions, and seats. The previous release leaves the column empty and the table alone. Safe to repeat
 * after an interruption.
 */
export class Seats1764520000000 implements MigrationInterface {
  name = 'Seats1764520000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await withoutQueueing(runner, 'ALTER TABLE sessions ADD COLUMN IF NOT EXISTS ready_within_s integer');
    // Its foreign key locks the sessions too.
    await withoutQueueing(
      runner,
      `CREATE TABLE IF NOT EXISTS seats (
        id text NOT NULL,
        session_id text NOT NULL,
        name text NOT NULL,
        folded_name text COLLATE "C" NOT NULL,
        role text NOT NULL,
        taken_by text NOT NULL,
        taken_at timestamptz NOT NULL DEFAULT now(),
        lease_until timestamptz NOT NULL,
        CONSTRAINT seats_pkey PRIMARY KEY (id),
        CONSTRAINT seats_role_known CHECK (role IN ('participant', 'viewer')),
        CONSTRAINT seats_session_fkey FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
      )`,
    );
    await runner.query('CREATE UNIQUE INDEX IF NOT EXISTS seats_one_per_name ON seats (session_id, folded_name)');
    await runner.query(
      `CREATE INDEX IF NOT EXISTS seats_participants ON seats (session_id) WHERE role = 'participant'`,
    );
    await runner.query('CREATE INDEX IF NOT EXISTS seats_lease ON seats (lease_until)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE seats');
    await runner.query('ALTER TABLE sessions DROP COLUMN ready_within_s');
  }
}
