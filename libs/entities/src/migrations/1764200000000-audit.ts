import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The audit trail. It has no foreign key, since entries outlive their sessions. */
export class Audit1764200000000 implements MigrationInterface {
  name = 'Audit1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_entries (
        id uuid NOT NULL,
        at timestamptz NOT NULL,
        actor text COLLATE "C" NOT NULL,
        action text NOT NULL,
        session_id text NOT NULL,
        count integer NOT NULL,
        CONSTRAINT audit_entries_pkey PRIMARY KEY (id),
        CONSTRAINT audit_entries_action_known CHECK (action IN (
          'create', 'close', 'retry', 'hand-over',
          'refused:insufficient-scope', 'refused:admission-denied', 'refused:rate-limited')),
        CONSTRAINT audit_entries_count_positive CHECK (count > 0)
      )`);
    await runner.query(`CREATE INDEX audit_entries_newest ON audit_entries (at, actor, action, session_id)`);
    await runner.query(`CREATE INDEX audit_entries_of_actor ON audit_entries (actor, at)`);
    await runner.query(`CREATE INDEX audit_entries_of_session ON audit_entries (session_id, at)`);
    await runner.query(`
      CREATE FUNCTION audit_entries_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'entries of the audit trail are never changed' USING ERRCODE = 'restrict_violation';
      END $$`);
    await runner.query(`
      CREATE TRIGGER audit_entries_never_changed BEFORE UPDATE ON audit_entries
        FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuse_update()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_entries');
    await runner.query('DROP FUNCTION audit_entries_refuse_update');
  }
}
