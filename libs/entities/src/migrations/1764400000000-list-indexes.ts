import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndex, dropIndex } from './create-index.js';

const STATUSES = ['pending', 'ready', 'failed', 'closed', 'expired'];

/**
 * Indexes in the order of the lists, so that a page costs the same however much is stored. Built while the service runs.
 * The wider ones replace those that they begin with: they serve the statements of the previous release as well.
 *
 * One index for each status, not one that begins with the status: the planner would prefer that one to the indexes of
 * what is due, since right after a quiet time its statistics know of no pending or ready session.
 */
export class ListIndexes1764400000000 implements MigrationInterface {
  name = 'ListIndexes1764400000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const status of STATUSES) {
      await createIndex(runner, 'sessions', `sessions_${status}_newest`, `(created_at, id) WHERE status = '${status}'`);
    }
    await createIndex(runner, 'sessions', 'sessions_by_room', '(room, status, created_at, id) WHERE room IS NOT NULL');
    await createIndex(runner, 'session_tokens', 'session_tokens_erased', '(key_id) WHERE sealed IS NULL');
    await createIndex(
      runner,
      'session_tokens',
      'session_tokens_by_key',
      '(key_id, session_id, product) WHERE sealed IS NOT NULL',
    );
    await createIndex(runner, 'audit_entries', 'audit_entries_by_actor', '(actor, at, action, session_id)');
    await createIndex(runner, 'audit_entries', 'audit_entries_by_session', '(session_id, at, actor, action)');
    await dropIndex(runner, 'session_tokens_key_id');
    await dropIndex(runner, 'audit_entries_of_actor');
    await dropIndex(runner, 'audit_entries_of_session');
  }

  async down(runner: QueryRunner): Promise<void> {
    await createIndex(runner, 'session_tokens', 'session_tokens_key_id', '(key_id) WHERE sealed IS NOT NULL');
    await createIndex(runner, 'audit_entries', 'audit_entries_of_actor', '(actor, at)');
    await createIndex(runner, 'audit_entries', 'audit_entries_of_session', '(session_id, at)');
    await dropIndex(runner, 'audit_entries_by_session');
    await dropIndex(runner, 'audit_entries_by_actor');
    await dropIndex(runner, 'session_tokens_by_key');
    await dropIndex(runner, 'session_tokens_erased');
    await dropIndex(runner, 'sessions_by_room');
    for (const status of STATUSES) await dropIndex(runner, `sessions_${status}_newest`);
  }
}
