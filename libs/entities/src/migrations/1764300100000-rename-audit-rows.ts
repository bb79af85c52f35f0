import type { MigrationInterface, QueryRunner } from 'typeorm';

const BATCH = '5000';

/** Each statement renames one batch of rows behind the key `$1` and returns the batch's last key, null at the end. */
const BATCHES = [
  // Audit entries are never changed: each is deleted and added again; a trigger gives it its current names.
  `WITH batch AS (SELECT id FROM audit_entries WHERE id > $1::uuid ORDER BY id LIMIT ${BATCH}),
        old AS (DELETE FROM audit_entries a USING batch WHERE a.id = batch.id
                  AND (a.actor LIKE 'person:%' OR a.action = 'hand-over' OR a.action LIKE 'refused:%')
                RETURNING a.at, a.actor, a.action, a.session_id, a.count),
        added AS (INSERT INTO audit_entries (id, at, actor, action, session_id, count)
                  SELECT gen_random_uuid(), at, actor, action, session_id, count FROM old)
   SELECT (SELECT id::text FROM batch ORDER BY id DESC LIMIT 1) AS last`,
  `WITH batch AS (SELECT id FROM sessions WHERE id > $1 ORDER BY id LIMIT ${BATCH}),
        renamed AS (UPDATE sessions s SET created_by = current_caller_name(s.created_by) FROM batch
                    WHERE s.id = batch.id AND s.created_by LIKE 'person:%')
   SELECT max(id) AS last FROM batch`,
  // Kept for a day: few enough for one statement.
  `WITH renamed AS (UPDATE idempotency_keys SET caller = current_caller_name(caller)
                    WHERE caller LIKE 'person:%' AND $1 <> '')
   SELECT NULL AS last`,
] as const;

const FIRST_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * Renames the rows that were written under earlier names, in batches of their own transactions, so that the service
 * goes on meanwhile. After an interruption a second run does the rest.
 */
export class RenameAuditRows1764300100000 implements MigrationInterface {
  name = 'RenameAuditRows1764300100000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of BATCHES) {
      for (let last: string | null = FIRST_UUID; last !== null;) {
        const batches = (await runner.query(statement, [last])) as { last: string | null }[];
        last = batches[0]?.last ?? null;
      }
    }
    await runner.query('ALTER TABLE audit_entries VALIDATE CONSTRAINT audit_entries_action_known');
  }

  /** Rows keep their current names: the previous release reads them as well. */
  async down(): Promise<void> {
    // nothing to undo
  }
}
