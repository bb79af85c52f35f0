import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The pace of calls of CAS, over all workers: one row, which each of them locks for a moment to take turns. The previous
 * release leaves it alone. Safe to repeat.
 */
export class CasPacing1764590000000 implements MigrationInterface {
  name = 'CasPacing1764590000000';

  async up(runner: QueryRunner): Promise<void> {
    // Room in its page for the next versions of the row, which is updated many times a second and has no index on what
    // changes.
    await runner.query(`
      CREATE TABLE IF NOT EXISTS cas_pacing (
        id boolean NOT NULL DEFAULT true,
        max_rps double precision,
        next_at timestamptz NOT NULL DEFAULT '-infinity',
        start_at timestamptz NOT NULL DEFAULT '-infinity',
        granted integer NOT NULL DEFAULT 0,
        slow_factor double precision NOT NULL DEFAULT 1,
        slowed_at timestamptz NOT NULL DEFAULT '-infinity',
        slowed_until timestamptz NOT NULL DEFAULT '-infinity',
        CONSTRAINT cas_pacing_pkey PRIMARY KEY (id),
        CONSTRAINT cas_pacing_one_row CHECK (id),
        CONSTRAINT cas_pacing_max_rps_positive CHECK (max_rps >= 0)
      ) WITH (fillfactor = 10)`);
    await runner.query('INSERT INTO cas_pacing DEFAULT VALUES ON CONFLICT DO NOTHING');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE cas_pacing');
  }
}
