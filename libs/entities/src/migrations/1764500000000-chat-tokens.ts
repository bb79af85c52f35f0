import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createIndex, dropIndex } from './create-index.js';
import { withoutQueueing } from './without-queueing.js';

/**
 * Chat tokens: rows of `sessions` with a subject, of which each has one live token. The previous release writes none of
 * them, and rejects their jobs, so that they wait for a worker of this one. Safe to repeat after an interruption.
 */
export class ChatTokens1764500000000 implements MigrationInterface {
  name = 'ChatTokens1764500000000';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await withoutQueueing(runner, 'ALTER TABLE sessions ADD COLUMN IF NOT EXISTS chat_subject text');
    // NOT VALID: rows that exist are not read under the lock.
    await replaceCheck(
      runner,
      'sessions',
      'sessions_chat_alone',
      `CASE WHEN chat_subject IS NULL THEN products <> '{chat}' AND NOT starts_with(id, 'cht_')
            ELSE products = '{chat}' AND starts_with(id, 'cht_') AND room IS NULL END`,
    );
    await replaceCheck(
      runner,
      'session_tokens',
      'session_tokens_product_known',
      `product IN ('stream', 'sync', 'chat')`,
    );
    await createIndex(
      runner,
      'sessions',
      'sessions_one_live_per_chat_subject',
      `(chat_subject) WHERE chat_subject IS NOT NULL AND status IN ('pending', 'ready', 'failed')`,
      { unique: true },
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DELETE FROM sessions WHERE chat_subject IS NOT NULL');
    await dropIndex(runner, 'sessions_one_live_per_chat_subject');
    await replaceCheck(runner, 'session_tokens', 'session_tokens_product_known', `product IN ('stream', 'sync')`);
    await runner.query('ALTER TABLE sessions DROP CONSTRAINT sessions_chat_alone, DROP COLUMN chat_subject');
  }
}

async function replaceCheck(runner: QueryRunner, table: string, name: string, condition: string): Promise<void> {
  await withoutQueueing(
    runner,
    `ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${name}, ADD CONSTRAINT ${name} CHECK (${condition}) NOT VALID`,
  );
  await runner.query(`ALTER TABLE ${table} VALIDATE CONSTRAINT ${name}`);
}
