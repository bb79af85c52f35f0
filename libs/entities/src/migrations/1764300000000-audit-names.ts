import type { MigrationInterface, QueryRunner } from 'typeorm';

const RENAMED_ACTIONS = [
  ['hand-over', 'read-tokens'],
  ['refused:insufficient-scope', 'denied:insufficient-scope'],
  ['refused:admission-denied', 'denied:admission-denied'],
  ['refused:rate-limited', 'denied:rate-limited'],
] as const;

/**
 * The current names of audit actions (`read-tokens`, `denied:…`) and callers (`user:…`). During a rolling upgrade the
 * previous release goes on writing the earlier ones: triggers rename what it inserts, so readers know one spelling only.
 * Rows that exist are renamed by the next migration.
 */
export class AuditNames1764300000000 implements MigrationInterface {
  name = 'AuditNames1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_action_known');
    // NOT VALID: rows that exist are not read under the lock. The next migration renames and validates them.
    await runner.query(`
      ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_action_known CHECK (action IN (
        'create', 'close', 'retry', 'read-tokens',
        'denied:insufficient-scope', 'denied:admission-denied', 'denied:rate-limited')) NOT VALID`);
    await runner.query(`
      CREATE FUNCTION current_caller_name(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE WHEN starts_with(name, 'person:') THEN 'user:' || substr(name, 8) ELSE name END $$`);
    await runner.query(`
      CREATE FUNCTION current_audit_action(action text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE action ${RENAMED_ACTIONS.map(([from, to]) => `WHEN '${from}' THEN '${to}'`).join(' ')} ELSE action END $$`);
    await runner.query(`
      CREATE FUNCTION audit_entries_rename() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.actor := current_caller_name(NEW.actor);
        NEW.action := current_audit_action(NEW.action);
        RETURN NEW;
      END $$`);
    await runner.query(`
      CREATE TRIGGER audit_entries_current_names BEFORE INSERT ON audit_entries FOR EACH ROW
        WHEN (NEW.actor LIKE 'person:%' OR NEW.action = 'hand-over' OR NEW.action LIKE 'refused:%')
        EXECUTE FUNCTION audit_entries_rename()`);
    await runner.query(`
      CREATE FUNCTION sessions_rename_creator() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.created_by := current_caller_name(NEW.created_by);
        RETURN NEW;
      END $$`);
    await runner.query(`
      CREATE TRIGGER sessions_current_names BEFORE INSERT ON sessions FOR EACH ROW
        WHEN (NEW.created_by LIKE 'person:%') EXECUTE FUNCTION sessions_rename_creator()`);
    await runner.query(`
      CREATE FUNCTION idempotency_keys_rename_caller() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.caller := current_caller_name(NEW.caller);
        RETURN NEW;
      END $$`);
    await runner.query(`
      CREATE TRIGGER idempotency_keys_current_names BEFORE INSERT ON idempotency_keys FOR EACH ROW
        WHEN (NEW.caller LIKE 'person:%') EXECUTE FUNCTION idempotency_keys_rename_caller()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER idempotency_keys_current_names ON idempotency_keys');
    await runner.query('DROP TRIGGER sessions_current_names ON sessions');
    await runner.query('DROP TRIGGER audit_entries_current_names ON audit_entries');
    await runner.query(`DROP FUNCTION idempotency_keys_rename_caller, sessions_rename_creator, audit_entries_rename,
                                      current_audit_action, current_caller_name`);
    await runner.query('ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_action_known');
    await runner.query(`
      ALTER TABLE audit_entries ADD CONSTRAINT audit_entries_action_known CHECK (action IN (
        'create', 'close', 'retry', 'hand-over',
        'refused:insufficient-scope', 'refused:admission-denied', 'refused:rate-limited')) NOT VALID`);
  }
}
